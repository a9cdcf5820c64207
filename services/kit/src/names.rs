//! Resource names: `students/{uuid}`, `schools/{uuid}/classes/{uuid}`.

use uuid::Uuid;

fn ids<const N: usize>(name: &str, pattern: &str) -> Option<[Uuid; N]> {
    let mut found = [Uuid::nil(); N];
    let mut slots = found.iter_mut();
    let (mut given, mut wanted) = (name.split('/'), pattern.split('/'));
    loop {
        match (given.next(), wanted.next()) {
            (None, None) => break,
            (Some(part), Some("{}")) => *slots.next()? = canonical(part)?,
            (Some(part), Some(literal)) if part == literal => {}
            _ => return None,
        }
    }
    slots.next().is_none().then_some(found)
}

/// Only the hyphenated lower-case form names a resource, so that one thing has one name.
fn canonical(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    (id.hyphenated().to_string() == text).then_some(id)
}

/// The id in a name of the form `pattern`, where `{}` stands for the id.
pub fn parse<T: From<Uuid>>(name: &str, pattern: &str) -> Option<T> {
    ids::<1>(name, pattern).map(|[id]| T::from(id))
}

/// The two ids in a name such as `schools/{}/classes/{}`.
pub fn parse2<A: From<Uuid>, B: From<Uuid>>(name: &str, pattern: &str) -> Option<(A, B)> {
    ids::<2>(name, pattern).map(|[a, b]| (A::from(a), B::from(b)))
}

/// The name of `id`, as `students/{}` with the id in its place.
pub fn format(pattern: &str, id: impl Into<Uuid>) -> String {
    pattern.replacen("{}", &id.into().hyphenated().to_string(), 1)
}

/// The name of two ids, outer first.
pub fn format2(pattern: &str, outer: impl Into<Uuid>, inner: impl Into<Uuid>) -> String {
    format(&format(pattern, outer), inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let name = format2("schools/{}/classes/{}", a, b);
        assert_eq!(parse2::<Uuid, Uuid>(&name, "schools/{}/classes/{}"), Some((a, b)));
        assert_eq!(parse::<Uuid>(&format("students/{}", a), "students/{}"), Some(a));
    }

    #[test]
    fn another_spelling_is_another_name() {
        for name in [
            "students/",
            "students",
            "students/1",
            "students/00000000000000000000000000000001",
            "students/00000000-0000-0000-0000-00000000000A",
            "students/00000000-0000-0000-0000-000000000001/x",
            "/students/00000000-0000-0000-0000-000000000001",
            "schools/00000000-0000-0000-0000-000000000001",
        ] {
            assert_eq!(parse::<Uuid>(name, "students/{}"), None, "{name}");
        }
    }
}
