//! The operations port, and the conventions of descriptions.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use chatapp_http::openapi::Conventions;
use chatapp_http::ops::{self, Build, OpsState};
use chatapp_http::{LayerConfig, standard};
use chatapp_telemetry::Control;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use utoipa::Modify as _;

async fn ask(router: Router, path: &str) -> (u16, String) {
    let response = router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn operations(database: bool) -> Router {
    let database = move || async move { if database { Ok(()) } else { Err("no connection".to_owned()) } };
    let ready = vec![("database", ops::check(database)), ("bus", ops::check(async || Ok(())))];
    ops::router(OpsState {
        service: "rooms",
        version: "1.2.3",
        build: Build { commit: "abc", rustc: "rustc 1.95.0", profile: "release", target: "x86_64" },
        telemetry: Control::detached(),
        ready,
    })
}

async fn put(router: &Router, path: &str, body: &str) -> (u16, Value) {
    let request = Request::put(path).body(Body::from(body.to_owned())).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn the_index_names_every_path_and_each_answers() {
    let (status, index) = ask(operations(true), "/").await;
    assert_eq!(status, 200);
    let index: Value = serde_json::from_str(&index).unwrap();
    let paths: Vec<_> = index["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(paths, ["/build-info", "/errors", "/livez", "/log-level", "/metrics", "/readyz"]);
    for path in paths {
        assert_eq!(ask(operations(true), &path).await.0, 200, "{path}");
    }
    let (_, build) = ask(operations(true), "/build-info").await;
    let build: Value = serde_json::from_str(&build).unwrap();
    assert_eq!(
        (&build["service"], &build["commit"], &build["profile"]),
        (&"rooms".into(), &"abc".into(), &"release".into())
    );
    assert_eq!(ask(operations(true), "/errors").await.1, "[]");
}

#[tokio::test]
async fn the_log_level_is_seen_and_changed_and_a_wrong_one_is_refused_with_a_reason() {
    let router = operations(true);
    let (status, changed) = put(&router, "/log-level", r#"{"filter":"info,chatapp_auth=debug"}"#).await;
    assert_eq!((status, &changed["filter"]), (200, &"info,chatapp_auth=debug".into()));
    assert_eq!(put(&router, "/log-level", "warn\n").await, (200, json!({"filter": "warn", "configured": "info"})));
    for wrong in ["", "loud", r#"{"filter":"loud"}"#, r#"{"level":"info"}"#, r#"{"filter":"info","for_seconds":0}"#] {
        let (status, problem) = put(&router, "/log-level", wrong).await;
        assert_eq!((status, &problem["code"]), (422, &"invalid".into()), "{wrong}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
    }
    let (_, shown) = ask(router, "/log-level").await;
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["filter"], "warn");
}

#[tokio::test(start_paused = true)]
async fn a_level_for_a_time_ends_by_itself_unless_it_was_changed_again() {
    let router = operations(true);
    let shown =
        async |router: &Router| -> Value { serde_json::from_str(&ask(router.clone(), "/log-level").await.1).unwrap() };
    put(&router, "/log-level", r#"{"filter":"debug","for_seconds":60}"#).await;
    tokio::time::sleep(std::time::Duration::from_secs(59)).await;
    assert_eq!(shown(&router).await["filter"], "debug");
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(shown(&router).await["filter"], "info");
    put(&router, "/log-level", r#"{"filter":"debug","for_seconds":60}"#).await;
    put(&router, "/log-level", "trace").await;
    tokio::time::sleep(std::time::Duration::from_secs(61)).await;
    assert_eq!(shown(&router).await["filter"], "trace");
}

#[tokio::test]
async fn ready_means_that_every_check_succeeds() {
    assert_eq!(ask(operations(true), "/readyz").await, (200, "ready\n".to_owned()));
    assert_eq!(ask(operations(false), "/readyz").await, (503, "not ready\n".to_owned()));
    assert_eq!(ask(operations(false), "/livez").await.0, 200, "alive all the same");
    let (status, body) = ask(operations(false), "/readyz?verbose").await;
    assert_eq!(status, 503);
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["checks"][0], json!({ "name": "database", "ok": false, "error": "no connection" }));
    assert_eq!(body["checks"][1], json!({ "name": "bus", "ok": true }));
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let router = Router::new().route("/counted/{id}", get(async || "hello"));
    let app = standard(router, LayerConfig::new("counted"));
    for path in ["/counted/1", "/counted/2", "/secret-path"] {
        ask(app.clone(), path).await;
    }
    let (_, text) = ask(operations(true), "/metrics").await;
    let labels = |route: &str, status: u16| {
        format!(
            "{{service=\"counted\",http_request_method=\"GET\",http_route=\"{route}\",http_response_status_code=\"{status}\"}}"
        )
    };
    let count = |labels: String| format!("http_server_request_duration_seconds_count{labels} ");
    assert!(text.contains(&(count(labels("/counted/{id}", 200)) + "2\n")), "{text}");
    assert!(text.contains(&(count(labels("none", 404)) + "1\n")) && !text.contains("secret-path"), "{text}");
    let active = "http_server_active_requests{service=\"counted\",http_request_method=\"GET\"} 0\n";
    assert!(text.contains(active), "{text}");
}

#[tokio::test]
async fn a_scrape_says_which_checks_succeed_at_that_moment() {
    let (_, text) = ask(operations(false), "/metrics").await;
    assert!(text.contains("chatapp_readiness{service=\"chatapp\",check=\"database\"} 0\n"), "{text}");
    assert!(text.contains("chatapp_readiness{service=\"chatapp\",check=\"bus\"} 1\n"), "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
}

#[utoipa::path(get, path = "/open", operation_id = "get_open", security(()), responses((status = 200)))]
#[expect(dead_code, reason = "only its description is of interest")]
fn get_open() {}

#[utoipa::path(get, path = "/closed", operation_id = "get_closed", responses((status = 200)))]
#[expect(dead_code, reason = "only its description is of interest")]
fn get_closed() {}

#[derive(utoipa::OpenApi)]
#[openapi(paths(get_open, get_closed))]
struct Description;

#[test]
fn every_operation_needs_a_token_unless_it_says_otherwise_and_may_answer_a_problem() {
    let mut description = <Description as utoipa::OpenApi>::openapi();
    Conventions.modify(&mut description);
    let json = serde_json::to_value(&description).unwrap();
    assert_eq!(json["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    assert_eq!(json["paths"]["/closed"]["get"]["security"], json!([{ "bearer": [] }]));
    assert_eq!(json["paths"]["/open"]["get"]["security"], json!([{}]));
    for path in ["/open", "/closed"] {
        let schema =
            &json["paths"][path]["get"]["responses"]["default"]["content"]["application/problem+json"]["schema"];
        assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{path}");
    }
    for schema in ["Problem", "ErrorCode", "FieldError", "Outcome"] {
        assert!(json["components"]["schemas"][schema].is_object(), "{schema}");
    }
}
