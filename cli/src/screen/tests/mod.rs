//! Sequences of events, and the pictures they make.
