//! What every service's description says alike.

use chatapp_types::Problem;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, Content, OpenApi, PathItem, Ref, RefOr, Response, SecurityRequirement};
use utoipa::{Modify, PartialSchema as _, ToSchema as _};

use crate::problem::PROBLEM_JSON;

/// The name of the security scheme. A public operation says `security(())`, any other nothing or
/// `security(("bearer" = []))`.
pub const BEARER: &str = "bearer";

/// The conventions of all descriptions: [`security`] and [`problem_responses`], as a modifier
/// (`#[openapi(modifiers(&Conventions))]`).
#[derive(Clone, Copy, Debug, Default)]
pub struct Conventions;

impl Modify for Conventions {
    fn modify(&self, openapi: &mut OpenApi) {
        security(openapi);
        problem_responses(openapi);
    }
}

/// Adds the bearer scheme, and requires it of every operation that says nothing else.
pub fn security(openapi: &mut OpenApi) {
    let bearer = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An access token of `/v1/auth/login`, or a script's token."))
        .build();
    let components = openapi.components.get_or_insert_with(Components::new);
    components.security_schemes.insert(BEARER.to_owned(), SecurityScheme::Http(bearer).into());
    for_each_operation(openapi, |operation| {
        let required = || vec![SecurityRequirement::new(BEARER, std::iter::empty::<String>())];
        operation.security.get_or_insert_with(required);
    });
}

/// Adds the schema `Problem`, and makes it the answer of every operation whose status is not listed.
pub fn problem_responses(openapi: &mut OpenApi) {
    let components = openapi.components.get_or_insert_with(Components::new);
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    for (name, schema) in schemas {
        components.schemas.entry(name).or_insert(schema);
    }
    for_each_operation(openapi, |operation| {
        let problem = || {
            let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
            RefOr::T(Response::builder().description("What went wrong.").content(PROBLEM_JSON, content).build())
        };
        operation.responses.responses.entry("default".to_owned()).or_insert_with(problem);
    });
}

fn for_each_operation(openapi: &mut OpenApi, change: impl Fn(&mut Operation)) {
    for item in openapi.paths.paths.values_mut() {
        let PathItem { get, put, post, delete, patch, head, .. } = item;
        for operation in [get, put, post, delete, patch, head].into_iter().flatten() {
            change(operation);
        }
    }
}
