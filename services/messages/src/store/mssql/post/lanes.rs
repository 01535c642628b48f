//! Posts wait in lanes, those of one room always in the same, and each lane commits one group at a time: what came while
//! the last group was under way is the next. So many senders share a commit, a room's events leave in the order of its
//! log, and a lone sender waits for nobody.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use chatapp_db::{DbError, Mssql, mssql};
use chatapp_metrics::DB;
use chatapp_timeline::Publisher;
use chatapp_types::Clock;
use chatapp_types::messages::PostedMessage;
use tokio::sync::{mpsc, oneshot};
use tracing::{Instrument as _, Span};

use super::{Done, Post, commit};
use crate::error::StoreError;

/// Posts that share one commit at most.
const GROUP_MAX: usize = 64;
/// Posts that may wait in a lane; a further caller waits to be queued.
const QUEUE: usize = 1_024;

type Answer = Result<PostedMessage, StoreError>;

/// A post that waits, and where its answer goes. It is committed also when nobody waits for the answer any more.
struct Waiting {
    post: Post,
    reply: Reply,
}

/// Where an answer goes, and the operation that it ends, in its caller's trace.
struct Reply {
    to: oneshot::Sender<Answer>,
    span: Span,
}

/// The way of posts to the database.
pub(in crate::store::mssql) struct Lanes {
    queues: Vec<mpsc::Sender<Waiting>>,
    choice: RandomState,
}

impl Lanes {
    /// Opens `count` lanes, in the current runtime. They end when this value has gone and all that waits is committed.
    pub(in crate::store::mssql) fn open(count: usize, committer: &Committer) -> Self {
        let queues = (0..count.max(1)).map(|_| {
            let (queue, waiting) = mpsc::channel(QUEUE);
            tokio::spawn(work(waiting, committer.clone()));
            queue
        });
        Self { queues: queues.collect(), choice: RandomState::new() }
    }

    /// Queues a post and waits for its answer. Dropping the future once it is queued undoes nothing.
    pub(in crate::store::mssql) async fn post(&self, post: Post) -> Answer {
        let count = u64::try_from(self.queues.len()).unwrap_or(1);
        let lane = usize::try_from(self.choice.hash_one(post.new.room) % count).unwrap_or_default();
        let (to, answer) = oneshot::channel();
        let ending = |_| DbError::Unavailable("the process is ending".to_owned());
        let lost = |_| DbError::OutcomeUnknown("a group of posts came to no end".to_owned());
        let span = chatapp_db::operation(mssql::SYSTEM, "write");
        let waiting = Waiting { post, reply: Reply { to, span: span.clone() } };
        let answered = async {
            self.queues[lane].send(waiting).await.map_err(ending)?;
            answer.await.map_err(lost)?
        };
        answered.instrument(span).await
    }
}

async fn work(mut waiting: mpsc::Receiver<Waiting>, committer: Committer) {
    while let Some(first) = waiting.recv().await {
        let mut group = vec![first];
        while group.len() < GROUP_MAX {
            let Ok(next) = waiting.try_recv() else { break };
            group.push(next);
        }
        let committer = committer.clone();
        // In a task of its own: should it panic, its callers are told, and the lane goes on.
        let _ = tokio::spawn(async move { committer.commit(group).await }).await;
    }
}

/// What a lane needs to commit its groups.
#[derive(Clone)]
pub(in crate::store::mssql) struct Committer {
    pub(in crate::store::mssql) db: Mssql,
    pub(in crate::store::mssql) clock: Arc<dyn Clock>,
    pub(in crate::store::mssql) publisher: Publisher,
    /// Told of every commit, for the sake of the index of words.
    pub(in crate::store::mssql) written: Arc<dyn Fn() + Send + Sync>,
}

impl Committer {
    /// Commits a group, publishes it in its order, and answers. A group that fails because of one of its posts is tried
    /// one by one, so that a bad post harms no other.
    async fn commit(&self, group: Vec<Waiting>) {
        #[expect(clippy::cast_precision_loss, reason = "a group is small")]
        DB.batches.observe(group.len() as f64);
        let (posts, replies): (Vec<_>, Vec<_>) = group.into_iter().map(|w| (Arc::new(w.post), w.reply)).unzip();
        match self.run(posts.clone()).await {
            Ok(answers) => {
                for (answer, reply) in answers.into_iter().zip(replies) {
                    self.answer(reply, answer);
                }
            }
            Err(error) if posts.len() > 1 && may_be_of_one(&error) => {
                for (post, reply) in posts.into_iter().zip(replies) {
                    let alone = self.run(vec![post]).await.map(|mut answers| answers.pop());
                    let none = || Err(DbError::Internal("a post without an answer".to_owned()).into());
                    let answer = alone.and_then(|answer| answer.unwrap_or_else(none));
                    self.answer(reply, answer);
                }
            }
            Err(error) => {
                for reply in replies {
                    let _ = reply.to.send(Err(for_another(&error)));
                }
            }
        }
    }

    async fn run(&self, posts: Vec<Arc<Post>>) -> Result<Vec<Result<Done, StoreError>>, StoreError> {
        let clock = Arc::clone(&self.clock);
        self.db
            .run(move |session| {
                let (posts, clock) = (posts.clone(), Arc::clone(&clock));
                Box::pin(async move {
                    let posts: Vec<&Post> = posts.iter().map(|post| &**post).collect();
                    commit(session, &posts, &*clock).await
                })
            })
            .await
    }

    fn answer(&self, reply: Reply, answer: Result<Done, StoreError>) {
        let answer = reply.span.in_scope(|| self.publish(answer));
        let _ = reply.to.send(answer);
    }

    fn publish(&self, answer: Result<Done, StoreError>) -> Answer {
        let done = answer?;
        if let Some(entry) = done.entry {
            self.publisher.publish(entry);
            (self.written)();
        }
        Ok(done.posted)
    }
}

/// Whether the group might succeed without one of its posts. One that was committed, or may have been, must not be tried
/// again as it is here; one that found the database away would find it so again.
const fn may_be_of_one(error: &StoreError) -> bool {
    matches!(error, StoreError::Db(DbError::Conflict(_) | DbError::Internal(_)))
}

/// The error, for one more caller.
fn for_another(error: &StoreError) -> StoreError {
    match error {
        StoreError::Refused(refusal) => StoreError::Refused(*refusal),
        StoreError::IndexBehind => StoreError::IndexBehind,
        StoreError::Db(error) => StoreError::Db(match error {
            DbError::Conflict(text) => DbError::Conflict(text.clone()),
            DbError::Unavailable(text) => DbError::Unavailable(text.clone()),
            DbError::OutcomeUnknown(text) => DbError::OutcomeUnknown(text.clone()),
            DbError::Internal(text) => DbError::Internal(text.clone()),
        }),
    }
}
