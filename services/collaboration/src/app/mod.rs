//! Use-cases: authorise, load, apply the rule, save, and commit facts, audit and answer together.

mod error;
pub mod events;

pub use error::Error;

use xinqiao_kit::{authz::Target, ctx::Ctx, deps::Deps};

/// The service's use-cases and what they stand on.
pub struct App {
    deps: Deps,
}

impl App {
    /// The use-cases over `deps`.
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Asks whether the caller may do this.
    ///
    /// # Errors
    /// The caller may not.
    pub fn permit(&self, ctx: &Ctx, target: &Target) -> Result<(), Error> {
        Ok(self.deps.authz.require(ctx, target)?)
    }
}
