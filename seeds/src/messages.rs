//! The message catalogue: every text that a person may read, in Chinese and English, a file a service.

/// The catalogue's files: their name and their TOML text, a table a reason with `zh` and `en`.
pub const FILES: &[(&str, &str)] = &[
    ("common", include_str!("../messages/common.toml")),
    ("gateway", include_str!("../messages/gateway.toml")),
    ("identity", include_str!("../messages/identity.toml")),
    ("profiles", include_str!("../messages/profiles.toml")),
    ("screening", include_str!("../messages/screening.toml")),
    ("crisis", include_str!("../messages/crisis.toml")),
    ("training", include_str!("../messages/training.toml")),
    ("collaboration", include_str!("../messages/collaboration.toml")),
];
