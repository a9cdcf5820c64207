//! The message catalogue: every text that a person may read, in two languages, by its reason.

use serde::Deserialize;
use std::collections::HashMap;

/// The language of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Locale {
    /// Simplified Chinese, what everybody gets who does not ask for English first.
    #[default]
    ZhCn,
    /// English.
    En,
}

impl Locale {
    /// The language that an `Accept-Language` header puts first among ours. Quality values are honoured.
    pub fn from_accept_language(header: &str) -> Self {
        let mut best = (Self::ZhCn, 0.0_f32);
        for part in header.split(',').take(16) {
            let mut pieces = part.trim().split(';');
            let tag = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
            let quality = pieces
                .find_map(|piece| piece.trim().strip_prefix("q=").map(|q| q.parse().unwrap_or(0.0)))
                .unwrap_or(1.0);
            let locale = match tag.split('-').next() {
                Some("zh") => Self::ZhCn,
                Some("en") => Self::En,
                _ => continue,
            };
            if quality > best.1 {
                best = (locale, quality);
            }
        }
        best.0
    }

    /// The BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    zh: String,
    en: String,
}

/// What is wrong with the catalogue's files.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// A file does not parse, or an entry lacks a language.
    #[error("messages/{file}.toml: {cause}")]
    Syntax {
        /// The file's name.
        file: String,
        /// What TOML says.
        cause: Box<toml::de::Error>,
    },
    /// Two files hold the same reason.
    #[error("messages/{file}.toml: {reason} stands in another file too")]
    Twice {
        /// The file's name.
        file: String,
        /// The reason.
        reason: String,
    },
}

/// Texts by reason. Made once at start, passed to whoever speaks to people.
#[derive(Debug, Clone, Default)]
pub struct Catalogue(HashMap<String, Text>);

impl Catalogue {
    /// Reads the catalogue from its files: (name, TOML text).
    ///
    /// # Errors
    /// The first file that does not parse or repeats a reason.
    pub fn new(files: &[(&str, &str)]) -> Result<Self, CatalogueError> {
        let mut all = HashMap::new();
        for (file, text) in files {
            let table: HashMap<String, Text> = toml::from_str(text).map_err(|cause| {
                CatalogueError::Syntax { file: (*file).to_owned(), cause: Box::new(cause) }
            })?;
            for (reason, text) in table {
                if all.insert(reason.clone(), text).is_some() {
                    return Err(CatalogueError::Twice { file: (*file).to_owned(), reason });
                }
            }
        }
        Ok(Self(all))
    }

    /// The text of `reason` with `{name}` replaced by its parameter; the reason itself where there is no text.
    pub fn text<K: AsRef<str>, V: AsRef<str>>(
        &self,
        locale: Locale,
        reason: &str,
        params: &[(K, V)],
    ) -> String {
        let Some(text) = self.0.get(reason) else {
            return reason.to_owned();
        };
        let mut rendered = match locale {
            Locale::ZhCn => text.zh.clone(),
            Locale::En => text.en.clone(),
        };
        for (name, value) in params {
            rendered = rendered.replace(&format!("{{{}}}", name.as_ref()), value.as_ref());
        }
        rendered
    }

    /// Whether there is a text for `reason`.
    pub fn has(&self, reason: &str) -> bool {
        self.0.contains_key(reason)
    }

    /// All reasons, in no order.
    pub fn reasons(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_unless_english_is_preferred() {
        for (header, locale) in [
            ("", Locale::ZhCn),
            ("en", Locale::En),
            ("en-GB,en;q=0.9", Locale::En),
            ("zh-CN,zh;q=0.9,en;q=0.8", Locale::ZhCn),
            ("fr,en;q=0.3,zh;q=0.2", Locale::En),
            ("de", Locale::ZhCn),
            ("en;q=abc", Locale::ZhCn),
        ] {
            assert_eq!(Locale::from_accept_language(header), locale, "{header}");
        }
    }

    #[test]
    fn a_text_takes_its_parameters_and_an_unknown_reason_stays_readable() {
        let catalogue =
            Catalogue::new(&[("a", "[TOO_LONG]\nzh = '最多 {max} 个字'\nen = 'at most {max}'\n")]).unwrap();
        assert_eq!(catalogue.text(Locale::ZhCn, "TOO_LONG", &[("max", "40")]), "最多 40 个字");
        assert_eq!(catalogue.text(Locale::En, "NOWHERE", &[("max", "40")]), "NOWHERE");
    }

    #[test]
    fn a_reason_stands_in_one_file_only() {
        let text = "[A]\nzh = '甲'\nen = 'a'\n";
        assert!(matches!(Catalogue::new(&[("x", text), ("y", text)]), Err(CatalogueError::Twice { .. })));
        assert!(matches!(Catalogue::new(&[("x", "[A]\nzh = '甲'\n")]), Err(CatalogueError::Syntax { .. })));
    }
}
