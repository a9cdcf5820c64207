//! Ways to tell people. The in-app channel is a person's list and open streams; providers (WeCom, SMS, signed webhooks) are further
//! implementations of the same trait.

use super::hub::Hub;
use crate::domain::notification::Notification;
use async_trait::async_trait;

/// The name of the in-app channel.
pub const IN_APP: &str = "in_app";

/// What came of handing a notification to a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The channel has it. Whether a device has it is told by a receipt.
    Accepted,
    /// Not now; it is tried again.
    Later,
    /// Never: this recipient cannot be reached by this channel.
    Impossible,
}

/// A way to tell people. A call may come twice for one notification after a crash, with the same id (R5).
#[async_trait]
pub trait Channel: Send + Sync {
    /// Its name in rows and timelines.
    fn name(&self) -> &'static str;

    /// Hands over a notification. It may carry a number, a colour and a link; it never holds a name or a text about a pupil.
    async fn deliver(&self, notification: &Notification) -> Delivery;
}

/// The person's own list, which is the table itself, and the open streams, which are woken.
#[derive(Debug)]
pub struct InApp {
    hub: Hub,
}

impl InApp {
    /// The channel over the streams of this process. Those of other processes look by themselves.
    pub fn new(hub: Hub) -> Self {
        Self { hub }
    }
}

#[async_trait]
impl Channel for InApp {
    fn name(&self) -> &'static str {
        IN_APP
    }

    async fn deliver(&self, notification: &Notification) -> Delivery {
        self.hub.wake(notification.recipient);
        Delivery::Accepted
    }
}
