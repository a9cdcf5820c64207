//! What the tests of this crate stand on: the sample API, compiled from testdata/sample.proto.

use prost_reflect::DescriptorPool;
use std::{path::Path, sync::LazyLock};

static SAMPLE: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let proto = here.join("../proto");
    let roots = [here.join("testdata"), proto.clone(), proto.join("third_party")];
    let mut compiler = protox::Compiler::new(roots).unwrap();
    compiler.include_source_info(true).include_imports(true);
    let files = ["sample.proto", "google/rpc/status.proto", "google/rpc/error_details.proto"];
    compiler.open_files(files).unwrap();
    DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap()
});

/// The descriptors of the sample API.
pub(crate) fn pool() -> &'static DescriptorPool {
    &SAMPLE
}
