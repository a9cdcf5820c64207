//! Wakes the open streams of a person in this process. Losing a wake-up only delays: streams also look by themselves.

use crate::domain::UserId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;

/// The open streams of this process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Hub(Arc<Mutex<HashMap<UserId, watch::Sender<u64>>>>);

impl Hub {
    /// Changes whenever there may be something new for `user`.
    pub fn listen(&self, user: UserId) -> watch::Receiver<u64> {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever left without a word is forgotten here: the map never holds more than the streams that were ever open at once.
        streams.retain(|_, sender| sender.receiver_count() > 0);
        streams.entry(user).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    /// Wakes a person's streams; whether there are any.
    pub fn wake(&self, user: UserId) -> bool {
        let streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = streams.get(&user).filter(|sender| sender.receiver_count() > 0);
        open.inspect(|sender| sender.send_modify(|count| *count += 1)).is_some()
    }

    /// Whether anybody listens at all.
    pub fn is_idle(&self) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .all(|sender| sender.receiver_count() == 0)
    }
}
