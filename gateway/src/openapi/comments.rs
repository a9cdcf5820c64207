//! The comments of the .proto files, by the place of what they describe.

use prost_reflect::{DescriptorPool, FileDescriptor};
use std::collections::HashMap;

/// All comments of a pool.
#[derive(Debug)]
pub(super) struct Comments(HashMap<String, HashMap<Vec<i32>, String>>);

impl Comments {
    pub(super) fn new(pool: &DescriptorPool) -> Self {
        let files = pool.files().map(|file| {
            let info = file.file_descriptor_proto().source_code_info.clone().unwrap_or_default();
            let comments = info.location.into_iter().filter_map(|location| {
                let text = clean(location.leading_comments());
                (!text.is_empty()).then_some((location.path, text))
            });
            (file.name().to_owned(), comments.collect())
        });
        Self(files.collect())
    }

    /// The comment before an element; empty if there is none.
    pub(super) fn at(&self, file: &FileDescriptor, path: &[i32]) -> &str {
        self.0.get(file.name()).and_then(|file| file.get(path)).map_or("", String::as_str)
    }
}

/// One space before each line belongs to the comment's form, not to its text.
fn clean(comment: &str) -> String {
    let lines = comment.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end());
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}
