//! Questions to the gateway.

use chatapp_client::{Client, ClientError, GatewayUrl};
use chatapp_types::{Clock, ErrorCode, UserId};

use super::Back;
use crate::commands::{all_acts, all_blocks, all_members};
use crate::exit::Failure;
use crate::gateway::{answers, is_known};
use crate::screen::effect::Request;
use crate::screen::event::{Event, Given, Trouble};
use crate::screen::state::log::Item;
use crate::{rooms_of_mine, stretches};

/// Finds that a search shows.
const FOUND: u32 = 100;
/// Public rooms that are shown.
const PUBLIC_SHOWN: usize = 500;

/// Asks as somebody who is logged in.
pub(super) async fn ask(client: Client, me: UserId, clock: std::sync::Arc<dyn Clock>, request: Request) -> Back {
    let got = answer(&client, me, clock.as_ref(), request.clone()).await;
    Back::Event(Box::new(Event::Answer { to: request, got: got.map_err(Trouble::from) }))
}

async fn answer(client: &Client, me: UserId, clock: &dyn Clock, request: Request) -> Result<Given, ClientError> {
    Ok(match request {
        Request::Rooms => Given::Rooms(rooms_of_mine::with_counts(client).await?),
        Request::Public(text) => Given::Public(rooms_of_mine::public(client, &text, PUBLIC_SHOWN).await?),
        Request::Page { room, span, .. } => Given::Page(stretches::read(client, me, room, span).await?),
        Request::Quote { room, id } => {
            Given::Message(Box::new(Item::of_message(client.get_message(room, id).await?, me)))
        }
        Request::Members(room) => Given::Members(all_members(client, room).await?),
        Request::GoTo(name) => Given::Room(rooms_of_mine::go_to(client, &name).await?),
        Request::Join(id) => Given::Room(client.join_room(id, None).await?),
        Request::EnterByCode(code) => Given::Room(rooms_of_mine::enter_by_code(client, &code).await?),
        Request::Create { name, is_private } => {
            let created = rooms_of_mine::create(client, &name, is_private).await?;
            Given::Created(created.room, created.secret_code.map(|code| code.expose().to_owned()))
        }
        Request::Leave(id) => done(client.leave_room(id).await)?,
        Request::DeleteRoom(id) => done(client.delete_room(id).await)?,
        Request::Change(id, change) => Given::Said(change.make(client, clock, id).await?),
        Request::NewCode(id, wanted) => Given::Code(rooms_of_mine::new_code(client, clock, id, wanted).await?),
        Request::EditMessage { room, id, text } => done(client.edit_message(room, id, text).await.map(drop))?,
        Request::EraseMessage { room, id } => done(client.delete_message(room, id).await)?,
        Request::Search { text, room } => Given::Hits(client.search(&text, room, None, FOUND).await?.items),
        Request::Blocks(room) => Given::Blocks(all_blocks(client, room).await?),
        Request::Audit(room) => Given::Audit(all_acts(client, room).await?),
        Request::LogOut => done(client.logout().await)?,
        Request::Gateway(_) | Request::LookUp(_) | Request::LogIn { .. } | Request::Register { .. } => {
            return Err(ClientError::Usage("you are logged in already".to_owned()));
        }
    })
}

fn done(result: Result<(), ClientError>) -> Result<Given, ClientError> {
    result.map(|()| Given::Done)
}

/// Asks as nobody, before the log-in.
pub(super) async fn ask_as_nobody(url: Option<GatewayUrl>, request: Request) -> Back {
    let got = match (&request, url) {
        (Request::Gateway(text), _) => gateway(text).await,
        (Request::LookUp(name), Some(url)) => look_up(&url, name).await.map_err(Trouble::from),
        (Request::LogIn { name, password } | Request::Register { name, password }, Some(url)) => {
            let entered = async {
                let nobody = Client::anonymous(&url)?;
                match request {
                    Request::Register { .. } => nobody.register(name, password).await,
                    _ => nobody.login(name, password).await,
                }
            };
            match entered.await {
                Ok(tokens) => return Back::LoggedIn(url, Box::new(tokens)),
                Err(e) => Err(e.into()),
            }
        }
        _ => Err(ClientError::NotLoggedIn.into()),
    };
    Back::Event(Box::new(Event::Answer { to: request, got }))
}

async fn gateway(text: &str) -> Result<Given, Trouble> {
    let url = GatewayUrl::parse(text)?;
    answers(&url).await.map_err(|failure| Trouble::plain(failure.to_string()))?;
    Ok(Given::Gateway(url.to_string()))
}

async fn look_up(url: &GatewayUrl, name: &str) -> Result<Given, ClientError> {
    Ok(Given::Known(is_known(&Client::anonymous(url)?, name).await?))
}

impl Trouble {
    fn plain(text: String) -> Self {
        Self { text, is_transient: false, ends_session: false, is_wrong_password: false }
    }
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Self {
        let (is_transient, ends_session) = (error.is_transient(), error.ends_session());
        let is_wrong_password = error.code() == Some(ErrorCode::InvalidCredentials);
        Self { text: Failure::from(error).to_string(), is_transient, ends_session, is_wrong_password }
    }
}
