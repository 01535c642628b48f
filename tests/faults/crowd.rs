//! Everyone who uses the platform during a run.

use std::sync::Arc;

use chatapp_testkit::User;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Chance;
use crate::gateways::Gateways;
use crate::journal::Journal;
use crate::listener::Listener;
use crate::moderator::Moderator;
use crate::sender::Sender;
use crate::stage::Plan;
use crate::{leaver, pry};

/// The users, their rooms, and what they are doing.
pub struct Crowd {
    /// Owner of every room; the first of [`Crowd::members`].
    pub owner: User,
    /// All who send and listen, in every room.
    pub members: Vec<User>,
    /// The rooms: the first is public and moderated, the last is private.
    pub rooms: Vec<String>,
    pub(crate) gateways: Arc<Gateways>,
    stop: CancellationToken,
    busy: TaskTracker,
    listening: Vec<tokio::task::JoinHandle<()>>,
    again: Vec<mpsc::UnboundedSender<String>>,
}

impl Crowd {
    /// Registers everybody, opens the rooms, and sets all to work.
    pub(crate) async fn gather(plan: &Plan, urls: Vec<String>, journal: &Journal, chance: &mut Chance) -> Self {
        let gateways = Arc::new(Gateways::new(urls));
        let register = async |stem: &str| User::register_at(&gateways.url(0), stem).await;
        let owner = register("owner").await;
        let (mut rooms, mut codes) = (Vec::new(), Vec::new());
        for _ in 1..plan.rooms {
            rooms.push(owner.public_room("room").await);
        }
        let (private, code) = owner.private_room("den").await;
        rooms.push(private);
        codes.push(code);
        let mut members = vec![owner.clone()];
        for n in 1..plan.members {
            let member = register(if n == 1 { "victim" } else { "member" }).await;
            enter(&member, &rooms, &codes, journal).await;
            members.push(member);
        }
        let (stop, busy) = (CancellationToken::new(), TaskTracker::new());
        let mut crowd = Self { owner, members, rooms, gateways, stop, busy, listening: Vec::new(), again: Vec::new() };
        crowd.set_to_work(plan, journal, chance);
        let (outsider, leaver) =
            (User::register_at(&crowd.gateways.url(0), "outsider").await, crowd.members[2].clone());
        crowd.add_pryers(outsider, leaver, plan, journal, chance);
        crowd
    }

    fn set_to_work(&mut self, plan: &Plan, journal: &Journal, chance: &mut Chance) {
        for (place, user) in self.members.clone().into_iter().enumerate() {
            let (live, posts) = mpsc::channel(16);
            let (tell_again, again) = mpsc::unbounded_channel();
            let sender = Sender {
                user: user.clone(),
                rooms: self.rooms.clone(),
                gateways: self.gateways.clone(),
                journal: journal.clone(),
                live,
                place,
                chance: chance.fork(),
                pause: plan.pause.clone(),
                stop: self.stop.clone(),
            };
            self.busy.spawn(sender.run());
            if place == 1 && plan.moderated {
                let moderator = Moderator {
                    owner: self.owner.clone(),
                    victim: user.clone(),
                    room: self.rooms[0].clone(),
                    gateways: self.gateways.clone(),
                    journal: journal.clone(),
                    again: tell_again.clone(),
                    chance: chance.fork(),
                    stop: self.stop.clone(),
                };
                self.busy.spawn(moderator.run());
            }
            self.again.push(tell_again);
            self.listen(user, self.rooms.clone(), journal, posts, again, place, chance);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn listen(
        &mut self,
        user: User,
        rooms: Vec<String>,
        journal: &Journal,
        posts: mpsc::Receiver<crate::listener::Post>,
        again: mpsc::UnboundedReceiver<String>,
        place: usize,
        chance: &mut Chance,
    ) {
        let (gateways, journal, chance) = (self.gateways.clone(), journal.clone(), chance.fork());
        let listener = Listener { user, rooms, gateways, journal, posts, again, place, chance };
        self.listening.push(tokio::spawn(listener.run()));
    }

    fn add_pryers(&mut self, outsider: User, leaver: User, plan: &Plan, journal: &Journal, chance: &mut Chance) {
        let private = self.rooms.last().cloned().unwrap_or_default();
        let (gateways, stop) = (self.gateways.clone(), self.stop.clone());
        if plan.moderated {
            let (victim, room) = (self.members[1].clone(), self.rooms[0].clone());
            let reading = pry::read_on(victim, room, gateways.clone(), journal.clone(), chance.fork(), stop.clone());
            self.busy.spawn(reading);
        }
        let comparing = pry::compare(
            outsider.clone(),
            private.clone(),
            gateways.clone(),
            journal.clone(),
            chance.fork(),
            stop.clone(),
        );
        self.busy.spawn(comparing);
        self.busy.spawn(leaver::run(leaver, gateways, journal.clone(), chance.fork(), stop));
        let ((_, posts), (_, again)) = (mpsc::channel(1), mpsc::unbounded_channel());
        self.listen(outsider, vec![private], journal, posts, again, 1, chance);
    }

    /// Makes a member's listener subscribe to a room again.
    pub(crate) fn subscribe_again(&self, place: usize, room: &str) {
        let _ = self.again[place].send(room.to_owned());
    }

    /// Lets everyone finish what they are at, but for the listeners.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.busy.close();
        self.busy.wait().await;
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.stop.cancel();
        for listening in &self.listening {
            listening.abort();
        }
    }
}

async fn enter(member: &User, rooms: &[String], codes: &[String], journal: &Journal) {
    for room in &rooms[..rooms.len() - 1] {
        member.join(room).await;
    }
    for code in codes {
        member.post("/v1/join", &serde_json::json!({"secret_code": code})).await.expect(200);
    }
    for room in rooms {
        let (room, who) = (room.clone(), member.name.clone());
        let joined = crate::checker::Change { room, kind: "member.joined", who, done: Some(true) };
        journal.write().changes.push(joined);
    }
}
