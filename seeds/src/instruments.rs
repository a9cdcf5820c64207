//! The instruments that the platform ships: questionnaire, scoring key and passport, as data.

/// The files: their name and their JSON text. Wordings are this project's own; a county imports the official ones it is licensed for.
pub const FILES: &[(&str, &str)] = &[
    ("asq", include_str!("../instruments/asq.json")),
    ("ces-dc", include_str!("../instruments/ces-dc.json")),
    ("dsrs-c", include_str!("../instruments/dsrs-c.json")),
    ("gad-7", include_str!("../instruments/gad-7.json")),
    ("mht", include_str!("../instruments/mht.json")),
    ("mssmhs", include_str!("../instruments/mssmhs.json")),
    ("peer-observation", include_str!("../instruments/peer-observation.json")),
    ("phq-4", include_str!("../instruments/phq-4.json")),
    ("phq-9", include_str!("../instruments/phq-9.json")),
    ("teacher-observation", include_str!("../instruments/teacher-observation.json")),
    ("who-5", include_str!("../instruments/who-5.json")),
];
