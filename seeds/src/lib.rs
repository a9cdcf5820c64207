//! Data a deployment starts from: access policies, messages, instruments, county settings, the demo county's generator.

pub mod access;
pub mod county;
pub mod instruments;
pub mod messages;
pub mod passwords;
pub mod settings;

pub use settings::Settings;
