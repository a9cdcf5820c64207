//! The policies of all methods, read once from the embedded descriptor set.

use crate::api::v1::MethodPolicy;
use prost::Message as _;
use prost_reflect::DescriptorPool;
use std::{collections::HashMap, sync::Arc, sync::LazyLock};

/// One method of the API and what the platform knows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Method {
    /// Path on the wire, such as `/xinqiao.profiles.v1.StudentService/GetStudent`.
    pub path: String,
    /// Whether the answer is a stream.
    pub server_streaming: bool,
    /// What its .proto says of it.
    pub policy: MethodPolicy,
}

/// Every method of the `xinqiao` packages by its path on the wire.
#[derive(Debug)]
pub struct Methods(HashMap<String, Arc<Method>>);

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    // The build wrote these bytes and decoded them itself; an empty pool would refuse every call.
    DescriptorPool::decode(crate::DESCRIPTOR_SET).unwrap_or_default()
});

static METHODS: LazyLock<Methods> = LazyLock::new(|| Methods::of(&POOL));

/// The descriptors of the whole API.
pub fn pool() -> &'static DescriptorPool {
    &POOL
}

/// The policies of the whole API.
pub fn methods() -> &'static Methods {
    &METHODS
}

impl Methods {
    /// The policies of a pool of descriptors.
    pub fn of(pool: &DescriptorPool) -> Self {
        let Some(extension) = pool.get_extension_by_name("xinqiao.api.v1.policy") else {
            return Self(HashMap::new());
        };
        let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
        let table = methods.filter_map(|method| {
            let options = method.options();
            if !options.has_extension(&extension) {
                return None;
            }
            let value = options.get_extension(&extension);
            let bytes = value.as_message()?.encode_to_vec();
            let policy = MethodPolicy::decode(bytes.as_slice()).ok()?;
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            let entry = Method { path: path.clone(), server_streaming: method.is_server_streaming(), policy };
            Some((path, Arc::new(entry)))
        });
        Self(table.collect())
    }

    /// The method that answers to `path`, if it is one of ours.
    pub fn get(&self, path: &str) -> Option<&Arc<Method>> {
        self.0.get(path)
    }

    /// All methods, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Method>> {
        self.0.values()
    }
}
