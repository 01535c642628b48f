//! Accounts, sessions, tokens.

use chatapp_types::auth::{
    ApiToken, ChangePasswordRequest, CreateApiTokenRequest, CreatedApiToken, CredentialsRequest, DeleteAccountRequest,
    Session, TokenResponse, User,
};
use chatapp_types::{Page, Secret, SessionId, UserRef, Username};
use reqwest::Method;

use super::Client;
use crate::ClientError;

impl Client {
    /// Makes an account and logs in. Keeps nothing: hand the answer to a `CredentialStore`.
    pub async fn register(&self, username: &str, password: &Secret) -> Result<TokenResponse, ClientError> {
        self.enter("register", username, password).await
    }

    /// Logs in. Keeps nothing: hand the answer to a `CredentialStore`.
    pub async fn login(&self, username: &str, password: &Secret) -> Result<TokenResponse, ClientError> {
        self.enter("login", username, password).await
    }

    async fn enter(&self, how: &str, username: &str, password: &Secret) -> Result<TokenResponse, ClientError> {
        let body = CredentialsRequest { username: username.to_owned(), password: password.clone() };
        self.send_anonymously(self.call(Method::POST, &["v1", "auth", how]).json(&body)).await?.json()
    }

    /// Ends the session at the server. What is stored of it stays: forget it too.
    pub async fn logout(&self) -> Result<(), ClientError> {
        self.send(self.call(Method::POST, &["v1", "auth", "logout"])).await.map(drop)
    }

    /// Changes the password; every other session of the account ends.
    pub async fn change_password(&self, current: &Secret, new: &Secret) -> Result<(), ClientError> {
        let body = ChangePasswordRequest { current_password: current.clone(), new_password: new.clone() };
        self.send(self.call(Method::PUT, &["v1", "auth", "password"]).json(&body)).await.map(drop)
    }

    /// The account's sessions.
    pub async fn list_sessions(&self) -> Result<Page<Session>, ClientError> {
        self.send(self.call(Method::GET, &["v1", "auth", "sessions"])).await?.json()
    }

    /// Ends one of the account's sessions.
    pub async fn revoke_session(&self, id: SessionId) -> Result<(), ClientError> {
        self.send(self.call(Method::DELETE, &["v1", "auth", "sessions", &id.to_string()])).await.map(drop)
    }

    /// Who one is.
    pub async fn me(&self) -> Result<User, ClientError> {
        self.send(self.call(Method::GET, &["v1", "users", "me"])).await?.json()
    }

    /// Id and name of who one is; asks the server only when the log-in does not say.
    pub async fn me_ref(&self) -> Result<UserRef, ClientError> {
        match self.known_user() {
            Some(user) => Ok(user),
            None => Ok(self.me().await?.user),
        }
    }

    /// A user by name.
    pub async fn get_user(&self, username: &Username) -> Result<User, ClientError> {
        self.send(self.call(Method::GET, &["v1", "users", username.as_str()])).await?.json()
    }

    /// Whether an account of this name exists, by the original API, which needs no token; an error where that API is
    /// switched off.
    pub async fn user_exists(&self, username: &str) -> Result<bool, ClientError> {
        #[derive(serde::Deserialize)]
        struct Exists {
            exists: bool,
        }
        let call = self.call(Method::GET, &["users", "exists", username]);
        self.send_anonymously(call).await?.json::<Exists>().map(|answer| answer.exists)
    }

    /// The account's tokens for scripts, without their values.
    pub async fn list_tokens(&self) -> Result<Page<ApiToken>, ClientError> {
        self.send(self.call(Method::GET, &["v1", "users", "me", "tokens"])).await?.json()
    }

    /// Makes a token for scripts; its value is in this answer and in no other.
    pub async fn create_token(&self, request: &CreateApiTokenRequest) -> Result<CreatedApiToken, ClientError> {
        self.send(self.call(Method::POST, &["v1", "users", "me", "tokens"]).json(request)).await?.json()
    }

    /// Ends a token, by its name.
    pub async fn revoke_token(&self, name: &str) -> Result<(), ClientError> {
        let call = self.call(Method::DELETE, &["v1", "users", "me", "tokens"]).query("name", Some(name));
        self.send(call).await.map(drop)
    }

    /// Deletes the account. Its messages stay, authored by "deleted user".
    pub async fn delete_account(&self, password: &Secret) -> Result<(), ClientError> {
        let body = DeleteAccountRequest { password: password.clone() };
        self.send(self.call(Method::DELETE, &["v1", "users", "me"]).json(&body)).await.map(drop)
    }
}
