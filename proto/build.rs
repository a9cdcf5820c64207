//! Compiles every .proto with protox (no protoc needed), insists on a policy for every method, and generates messages,
//! clients and servers.

use prost::Message as _;
use prost_reflect::{DescriptorPool, MethodDescriptor, ReflectMessage as _, Value};
use std::{env, error::Error, fs, path::Path, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let third_party = root.join("third_party");
    println!("cargo:rerun-if-changed={}", root.join("xinqiao").display());
    println!("cargo:rerun-if-changed={}", third_party.display());

    let mut files = Vec::new();
    collect_protos(&root.join("xinqiao"), &mut files)?;
    files.push(third_party.join("google/rpc/status.proto"));
    files.push(third_party.join("google/rpc/error_details.proto"));
    files.sort();

    let mut compiler = protox::Compiler::new([&root, &third_party])?;
    compiler.include_source_info(true).include_imports(true).open_files(&files)?;
    // The raw bytes keep our custom options, which prost's own FileDescriptorSet would drop.
    let bytes = compiler.encode_file_descriptor_set();
    fs::write(out.join("xinqiao.binpb"), &bytes)?;

    let pool = DescriptorPool::decode(bytes.as_slice())?;
    let complaints: Vec<String> = pool
        .services()
        .filter(|service| service.package_name().starts_with("xinqiao."))
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .filter_map(|method| complaint(&pool, &method))
        .collect();
    if !complaints.is_empty() {
        return Err(complaints.join("\n").into());
    }

    let set = prost_types::FileDescriptorSet::decode(bytes.as_slice())?;
    let mut messages = tonic_prost_build::Config::new();
    messages.enable_type_names();
    tonic_prost_build::configure()
        .build_transport(false)
        .bytes(".")
        .include_file("mod.rs")
        .compile_fds_with_config(set, messages)?;
    Ok(())
}

fn collect_protos(dir: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect_protos(&path, files)?;
        } else if path.extension().is_some_and(|ext| ext == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

/// What is missing from a method's policy, in words that name the method.
fn complaint(pool: &DescriptorPool, method: &MethodDescriptor) -> Option<String> {
    let name = method.full_name();
    let Some(extension) = pool.get_extension_by_name("xinqiao.api.v1.policy") else {
        return Some("xinqiao/api/v1/policy.proto is not part of the build".to_owned());
    };
    let options = method.options();
    if !options.has_extension(&extension) {
        return Some(format!("{name}: option (xinqiao.api.v1.policy) is missing"));
    }
    let policy = options.get_extension(&extension);
    let policy = policy.as_message()?;
    let mut missing = Vec::new();
    for field in policy.descriptor().fields() {
        let value = policy.get_field(&field);
        let optional = matches!(field.name(), "idempotent" | "clauses");
        let given = match value.as_ref() {
            Value::String(text) => !text.is_empty(),
            Value::I32(number) => *number > 0,
            Value::EnumNumber(number) => *number != 0,
            _ => true,
        };
        if !given && !optional {
            missing.push(field.name().to_owned());
        }
    }
    let number =
        |field: &str| policy.get_field_by_name(field).and_then(|value| value.as_i32()).unwrap_or_default();
    if number("default_deadline_ms") > number("max_deadline_ms") {
        missing.push("a max_deadline_ms that is not below default_deadline_ms".to_owned());
    }
    let caller =
        policy.get_field_by_name("caller").and_then(|value| value.as_enum_number()).unwrap_or_default();
    let http = pool.get_extension_by_name("google.api.http");
    let has_http = http.is_some_and(|http| options.has_extension(&http));
    const CALLER_SERVICE: i32 = 3;
    if caller == CALLER_SERVICE && has_http {
        missing.push("no google.api.http: services call it, not people".to_owned());
    }
    if caller != CALLER_SERVICE && !has_http && !method.is_client_streaming() {
        missing.push("google.api.http".to_owned());
    }
    (!missing.is_empty()).then(|| format!("{name}: its policy lacks {}", missing.join(", ")))
}
