//! The other services, as this one may call them.

use crate::{role::Role, token::TokenSigner};
use http::{HeaderValue, Request, header::AUTHORIZATION};
use std::collections::HashMap;
use tonic::body::Body;
use tower::ServiceExt as _;
use xinqiao_proto::transport::Transport;

/// Ways to the other services; every call carries this service's own token. Never call one inside a transaction.
#[derive(Clone)]
pub struct Peers {
    transports: HashMap<Role, Transport>,
}

impl std::fmt::Debug for Peers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.transports.keys()).finish()
    }
}

impl Peers {
    /// Ways to `transports`, calling in the name of `signer`.
    pub fn new(transports: HashMap<Role, Transport>, signer: &TokenSigner) -> Self {
        let with_token = |transport: Transport| {
            let signer = signer.clone();
            Transport::new(transport.map_request(move |mut request: Request<Body>| {
                // Without a token the call is refused where it arrives, and the caller learns it there.
                if !request.headers().contains_key(AUTHORIZATION)
                    && let Ok(token) = signer.own()
                    && let Ok(mut value) = HeaderValue::try_from(format!("Bearer {token}"))
                {
                    value.set_sensitive(true);
                    request.headers_mut().insert(AUTHORIZATION, value);
                }
                request
            }))
        };
        Self {
            transports: transports
                .into_iter()
                .map(|(role, transport)| (role, with_token(transport)))
                .collect(),
        }
    }

    /// What a generated client is made of to call `role`. A role that this deployment lacks answers UNAVAILABLE.
    pub fn client(&self, role: Role) -> Transport {
        self.transports.get(&role).cloned().unwrap_or_else(|| Transport::pending().0)
    }
}
