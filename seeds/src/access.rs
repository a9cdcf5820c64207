//! The access policies, in Cedar: one schema and one set of rules, a file a service.

/// The schema, in pieces that belong together: what entities there are, then the actions of each service.
pub const SCHEMA: &[(&str, &str)] = &[
    ("common", include_str!("../access/common.cedarschema")),
    ("identity", include_str!("../access/identity.cedarschema")),
    ("profiles", include_str!("../access/profiles.cedarschema")),
    ("screening", include_str!("../access/screening.cedarschema")),
    ("crisis", include_str!("../access/crisis.cedarschema")),
    ("training", include_str!("../access/training.cedarschema")),
    ("collaboration", include_str!("../access/collaboration.cedarschema")),
];

/// The rules: default deny, then who may do what.
pub const POLICIES: &[(&str, &str)] = &[
    ("common", include_str!("../access/common.cedar")),
    ("identity", include_str!("../access/identity.cedar")),
    ("profiles", include_str!("../access/profiles.cedar")),
    ("screening", include_str!("../access/screening.cedar")),
    ("crisis", include_str!("../access/crisis.cedar")),
    ("training", include_str!("../access/training.cedar")),
    ("collaboration", include_str!("../access/collaboration.cedar")),
];
