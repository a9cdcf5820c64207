//! The API as the gateway sees it: every method with its policy, every route, and the conventions that fields of certain
//! names stand for. Compiled once from the descriptors.

use crate::{
    codec::{Field, Kind, MessageId, Shape, Tables},
    route::{
        router::Router,
        rules::{BodyRule, Rule, rules},
        template::Template,
    },
};
use http::Method as Verb;
use prost_reflect::{DescriptorPool, MethodDescriptor};
use std::{collections::HashMap, sync::Arc};
use xinqiao_proto::{
    api::v1::Caller,
    policy::{Method, Methods},
};

/// Why the descriptors make no API.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// A path template is not well formed.
    #[error("{method}: {cause}")]
    Template {
        /// The method's path on the wire.
        method: String,
        /// What is wrong with it.
        cause: String,
    },
    /// Two bindings have one verb and path.
    #[error("{method} and {other} are both at {path}")]
    Clash {
        /// The method's path on the wire.
        method: String,
        /// The other method's.
        other: String,
        /// Verb and path template.
        path: String,
    },
    /// A binding names a field that the request has not, or that cannot stand there.
    #[error("{method}: `{field}` is no field that can stand there")]
    Field {
        /// The method's path on the wire.
        method: String,
        /// The field.
        field: String,
    },
}

/// One step into a message: which message, and the position of the field in its table.
pub(crate) type Step = (MessageId, usize);

/// A field, perhaps in a nested message.
pub(crate) type FieldPath = Vec<Step>;

/// Everything that is known of the API.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) pool: DescriptorPool,
    pub(crate) tables: Tables,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) routes: Vec<Route>,
    pub(crate) router: Router,
    by_path: HashMap<String, usize>,
}

/// One RPC.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) method: Arc<Method>,
    pub(crate) descriptor: MethodDescriptor,
    /// The service that answers it: `profiles` for `xinqiao.profiles.v1`.
    pub(crate) role: String,
    pub(crate) input: MessageId,
    pub(crate) output: MessageId,
    /// `string etag` of the answer.
    pub(crate) etag: Option<u32>,
    /// `string resume_token` of each message of a stream.
    pub(crate) resume: Option<u32>,
    /// `string session_token` of the answer, which can become a cookie.
    pub(crate) session_token: Option<u32>,
    /// The answer is a file.
    pub(crate) download: Option<FileFields>,
}

/// The fields of a message that carries a file: `content`, `content_type`, `filename`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileFields {
    pub(crate) content: u32,
    pub(crate) content_type: Option<u32>,
    pub(crate) filename: Option<u32>,
}

/// One HTTP binding of an RPC.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) endpoint: usize,
    pub(crate) rule: Rule,
    pub(crate) template: Template,
    pub(crate) variables: Vec<FieldPath>,
    pub(crate) body: Body,
    /// Field of the response that is the HTTP body, if not all of it.
    pub(crate) response_body: Option<Step>,
    /// `google.protobuf.FieldMask update_mask` of a PATCH.
    pub(crate) update_mask: Option<Step>,
    /// `string request_id`, which the header Idempotency-Key fills.
    pub(crate) request_id: Option<Step>,
    /// `string etag` of the request or of the resource in its body, which the header If-Match fills.
    pub(crate) if_match: Option<FieldPath>,
    /// `string resume_token`, which the header Last-Event-ID fills.
    pub(crate) resume: Option<Step>,
    /// The request can be a raw body.
    pub(crate) upload: Option<FileFields>,
}

/// What the HTTP body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    None,
    Whole,
    /// A field that holds a message.
    Field(Step, MessageId),
}

impl Api {
    /// Compiles the API of a pool. Methods without a policy and packages that are not ours are left out.
    pub(crate) fn new(pool: &DescriptorPool, methods: &Methods) -> Result<Self, ApiError> {
        let mut api = Self {
            pool: pool.clone(),
            tables: Tables::new(pool),
            endpoints: Vec::new(),
            routes: Vec::new(),
            router: Router::new(),
            by_path: HashMap::new(),
        };
        for service in pool.services() {
            let Some(role) =
                service.package_name().strip_prefix("xinqiao.").and_then(|rest| rest.split('.').next())
            else {
                continue;
            };
            for descriptor in service.methods() {
                let path = format!("/{}/{}", service.full_name(), descriptor.name());
                if let Some(method) = methods.get(&path)
                    && !descriptor.is_client_streaming()
                {
                    api.add(method.clone(), descriptor, role)?;
                }
            }
        }
        Ok(api)
    }

    fn add(&mut self, method: Arc<Method>, descriptor: MethodDescriptor, role: &str) -> Result<(), ApiError> {
        let bad_field =
            |field: &str| ApiError::Field { method: method.path.clone(), field: field.to_owned() };
        let id = |name: &str| self.tables.id(name).ok_or_else(|| bad_field(name));
        let input = id(descriptor.input().full_name())?;
        let output = id(descriptor.output().full_name())?;
        let answer = self.tables.message(output);
        let number = |name: &str| answer.text_field(name).map(|field| field.number);
        let endpoint = Endpoint {
            role: role.to_owned(),
            input,
            output,
            etag: number("etag"),
            resume: number("resume_token"),
            session_token: number("session_token"),
            download: self.file_fields(output).filter(|file| file.content_type.is_some()),
            method: method.clone(),
            descriptor: descriptor.clone(),
        };
        let index = self.endpoints.len();
        self.by_path.insert(method.path.clone(), index);
        self.endpoints.push(endpoint);
        // The build refuses a route on a method for services; nobody must be able to add one by mistake here either.
        if method.policy.caller() != Caller::Service {
            for rule in rules(&descriptor) {
                self.add_route(&method, index, rule)?;
            }
        }
        Ok(())
    }

    fn add_route(&mut self, method: &Method, endpoint: usize, rule: Rule) -> Result<(), ApiError> {
        let template = Template::parse(&rule.path)
            .map_err(|cause| ApiError::Template { method: method.path.clone(), cause: cause.to_string() })?;
        let route = self.routes.len();
        if let Err(other) = self.router.insert(&template, rule.method.clone(), route) {
            let other = self.routes.get(other).and_then(|route| self.endpoints.get(route.endpoint));
            return Err(ApiError::Clash {
                method: method.path.clone(),
                other: other.map(|other| other.method.path.clone()).unwrap_or_default(),
                path: format!("{} {}", rule.method, rule.path),
            });
        }
        let compiled = self.compile(method, endpoint, rule, template)?;
        self.routes.push(compiled);
        Ok(())
    }

    fn compile(
        &self,
        method: &Method,
        endpoint: usize,
        rule: Rule,
        template: Template,
    ) -> Result<Route, ApiError> {
        let bad_field =
            |field: &str| ApiError::Field { method: method.path.clone(), field: field.to_owned() };
        let (input, output) = self
            .endpoints
            .get(endpoint)
            .map(|endpoint| (endpoint.input, endpoint.output))
            .ok_or_else(|| bad_field(""))?;
        let mut variables = Vec::new();
        for variable in &template.variables {
            let path = self.path(input, &variable.path);
            let single = |path: &FieldPath| self.leaf(path).is_some_and(Field::is_singular);
            variables.push(path.filter(single).ok_or_else(|| bad_field(&variable.path))?);
        }
        let body = match &rule.body {
            BodyRule::None => Body::None,
            BodyRule::Whole => Body::Whole,
            BodyRule::Field(name) => {
                let step = self.step(input, name).ok_or_else(|| bad_field(name))?;
                match self.field(step).filter(|field| field.is_singular()).map(|field| field.kind) {
                    Some(Kind::Message(id)) => Body::Field(step, id),
                    _ => return Err(bad_field(name)),
                }
            }
        };
        let response_body = match rule.response_body.as_str() {
            "" => None,
            name => Some(self.step(output, name).ok_or_else(|| bad_field(name))?),
        };
        let text = |message: MessageId, name: &str| {
            self.step(message, name).filter(|step| {
                self.field(*step).is_some_and(|field| field.kind == Kind::String && field.is_singular())
            })
        };
        let mask = |step: &Step| {
            let message = self.field(*step).and_then(|field| self.tables.message_of(field));
            message.is_some_and(|message| message.shape == Shape::FieldMask)
        };
        let if_match = match (text(input, "etag"), body) {
            (Some(step), _) => Some(vec![step]),
            // What is created has no version yet.
            (None, Body::Field(step, id)) if rule.method != Verb::POST => {
                text(id, "etag").map(|etag| vec![step, etag])
            }
            (None, _) => None,
        };
        Ok(Route {
            endpoint,
            variables,
            body,
            response_body,
            update_mask: self
                .step(input, "update_mask")
                .filter(mask)
                .filter(|_| rule.method == Verb::PATCH && matches!(body, Body::Field(..))),
            request_id: text(input, "request_id"),
            if_match,
            resume: text(input, "resume_token"),
            upload: self.file_fields(input).filter(|_| body == Body::Whole),
            rule,
            template,
        })
    }

    fn file_fields(&self, message: MessageId) -> Option<FileFields> {
        let message = self.tables.message(message);
        let content =
            message.field("content").filter(|field| field.kind == Kind::Bytes && field.is_singular())?;
        Some(FileFields {
            content: content.number,
            content_type: message.text_field("content_type").map(|field| field.number),
            filename: message.text_field("filename").map(|field| field.number),
        })
    }

    /// The endpoint of a path on the wire.
    pub(crate) fn endpoint_at(&self, path: &str) -> Option<&Endpoint> {
        self.by_path.get(path).and_then(|index| self.endpoints.get(*index))
    }

    /// The field that a step leads to.
    pub(crate) fn field(&self, (message, position): Step) -> Option<&Field> {
        self.tables.message(message).fields.get(position)
    }

    /// The field at the end of a path.
    pub(crate) fn leaf(&self, path: &FieldPath) -> Option<&Field> {
        path.last().and_then(|step| self.field(*step))
    }

    fn step(&self, message: MessageId, name: &str) -> Option<Step> {
        self.tables.message(message).by_key(name).map(|(position, _)| (message, position))
    }

    /// The path of a dotted name; every field but the last holds one plain message.
    pub(crate) fn path(&self, message: MessageId, dotted: &str) -> Option<FieldPath> {
        let mut at = message;
        let mut path = Vec::new();
        let mut names = dotted.split('.').peekable();
        while let Some(name) = names.next() {
            let step = self.step(at, name)?;
            path.push(step);
            if names.peek().is_some() {
                let field = self.field(step).filter(|field| field.is_singular())?;
                let Kind::Message(inner) = field.kind else { return None };
                if self.tables.message(inner).shape != Shape::Plain {
                    return None;
                }
                at = inner;
            }
        }
        Some(path)
    }

    /// The dotted name of a path, as in the .proto.
    pub(crate) fn dotted(&self, path: &[Step]) -> String {
        let names = path.iter().filter_map(|step| self.field(*step)).map(|field| field.name.as_str());
        names.collect::<Vec<_>>().join(".")
    }
}
