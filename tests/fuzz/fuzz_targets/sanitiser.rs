#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chatapp_fuzz::sanitiser(data));
