//! The whole API: every method has its route and its place in the OpenAPI document.

use crate::{api::Api, openapi, testing};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashSet};
use xinqiao_proto::{
    api::v1::Caller,
    policy::{self, Methods},
};

fn real() -> Api {
    Api::new(policy::pool(), policy::methods()).unwrap()
}

fn sample() -> Api {
    Api::new(testing::pool(), &Methods::of(testing::pool())).unwrap()
}

/// Every `$ref` of a document.
fn references<'a>(json: &'a Json, found: &mut BTreeSet<&'a str>) {
    match json {
        Json::Object(object) => {
            found.extend(object.get("$ref").and_then(Json::as_str));
            object.values().for_each(|value| references(value, found));
        }
        Json::Array(array) => array.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_method_for_people_has_a_route_and_no_other_has() {
    let api = real();
    let routed: HashSet<&str> =
        api.routes.iter().map(|route| api.endpoints[route.endpoint].method.path.as_str()).collect();
    for method in policy::methods().iter() {
        let internal = method.policy.caller() == Caller::Service;
        assert_eq!(routed.contains(method.path.as_str()), !internal, "{}", method.path);
    }
    assert!(routed.len() > 100);
}

#[test]
fn the_document_holds_every_route_once_and_every_reference_resolves() {
    for api in [real(), sample()] {
        let document = openapi::document(&api);
        let operations: Vec<&Json> = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|path| path.as_object().unwrap().values())
            .collect();
        assert_eq!(operations.len(), api.routes.len());
        let ids: HashSet<&str> = operations.iter().map(|op| op["operationId"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), operations.len());
        for route in &api.routes {
            let method = &api.endpoints[route.endpoint].descriptor;
            let id = format!("{}_{}", method.parent_service().name(), method.name());
            assert!(ids.iter().any(|known| known.starts_with(&id)), "{id}");
        }
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some_and(|schema| !schema.is_null()), "{reference}");
        }
    }
}

#[test]
fn path_parameters_are_those_of_the_path_and_no_two_paths_look_alike() {
    for api in [real(), sample()] {
        let document = openapi::document(&api);
        let mut shapes = HashSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            let in_path: BTreeSet<&str> =
                path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
            let shape: Vec<&str> = path
                .split('/')
                .map(|part| if part.starts_with('{') { part.split_once('}').unwrap().1 } else { part })
                .collect();
            assert!(shapes.insert(shape.join("/")), "{path}");
            for operation in operations.as_object().unwrap().values() {
                let parameters = operation["parameters"].as_array().unwrap();
                let declared: BTreeSet<&str> = parameters
                    .iter()
                    .filter(|p| p["in"] == "path")
                    .map(|p| p["name"].as_str().unwrap())
                    .collect();
                assert_eq!(declared, in_path, "{path}");
                let named: Vec<(&Json, &Json)> = parameters
                    .iter()
                    .filter(|p| p["name"].is_string())
                    .map(|p| (&p["in"], &p["name"]))
                    .collect();
                assert_eq!(named.iter().collect::<HashSet<_>>().len(), named.len(), "{path}");
            }
        }
    }
}

#[test]
fn the_document_says_what_the_descriptors_say() {
    let document = openapi::document(&sample());
    let create = &document["paths"]["/v1/shelves/{shelf}/books"]["post"];
    assert_eq!(create["operationId"], "BookService_CreateBook");
    assert_eq!(create["summary"], "Puts a book on a shelf.");
    assert_eq!(create["x-xinqiao"]["maxBodyBytes"], 2048);
    assert_eq!(create["x-xinqiao"]["rateClass"], "write");
    assert_eq!(create["x-xinqiao"]["clauses"], serde_json::json!(["P1.1"]));
    assert_eq!(
        create["requestBody"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/sample.v1.Book"
    );
    let names = |operation: &Json| {
        let parameters = operation["parameters"].as_array().unwrap().clone();
        let name = |p: &Json| {
            p["name"].as_str().or(p["$ref"].as_str()).unwrap().rsplit('/').next().unwrap().to_owned()
        };
        parameters.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(names(create), ["shelf", "requestId", "IdempotencyKey", "TimeoutMs", "AcceptLanguage"]);
    let list = &document["paths"]["/v1/shelves/{shelf}/books"]["get"];
    assert_eq!(
        names(list),
        [
            "shelf",
            "pageSize",
            "pageToken",
            "filter.words",
            "filter.since",
            "filter.colors",
            "TimeoutMs",
            "AcceptLanguage"
        ]
    );
    let book = &document["components"]["schemas"]["sample.v1.Book"];
    assert_eq!(book["required"], serde_json::json!(["displayName"]));
    assert_eq!(book["properties"]["state"]["readOnly"], true);
    assert_eq!(book["properties"]["displayName"]["description"], "Title, 1 to 40 characters.");
    assert_eq!(book["properties"]["createTime"]["format"], "date-time");
    let patch = &document["paths"]["/v1/shelves/{shelf}/books/{book}"]["patch"];
    let body = &patch["requestBody"]["content"]["application/json"]["schema"];
    let mask = patch["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "updateMask").unwrap();
    assert_eq!(mask["required"], false);
    assert!(body.get("required").is_none() && body["properties"].get("name").is_none());
    let login = &document["components"]["schemas"];
    assert!(
        login.get("sample.v1.LoginRequest").is_none(),
        "a body that stands in one place is written there"
    );
    let upload = &document["paths"]["/v1/shelves/{shelf}/scans"]["post"]["requestBody"]["content"];
    assert!(upload.get("application/octet-stream").is_some());
    let watch = &document["paths"]["/v1/shelves/{shelf}/books:watch"]["get"];
    assert!(watch["responses"]["200"]["content"].get("text/event-stream").is_some());
    let echo = &document["paths"]["/v1/kinds:echo"]["post"];
    assert_eq!(echo["security"], serde_json::json!([]));
}

#[tokio::test]
async fn the_document_is_served_and_the_same_each_time() {
    let first = openapi::document(&real()).to_string();
    assert_eq!(first, openapi::document(&real()).to_string());
    let door = testing::Door::new();
    let answer = door.call("GET", "/openapi.json", &[("authorization", "")], "").await;
    assert_eq!((answer.status.as_u16(), answer.json()["openapi"].as_str()), (200, Some("3.1.0")));
    let again = door.call("GET", "/openapi.json", &[("if-none-match", answer.header("etag"))], "").await;
    assert_eq!(again.status, 304);
}

#[test]
fn two_methods_at_one_path_and_fields_that_are_not_there_are_refused() {
    // The options of methods are extensions, so a broken API is made from text.
    let broken = |binding: &str, expected: &str| {
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let dir = std::env::temp_dir().join(format!("xinqiao-gateway-{}-{}", std::process::id(), expected));
        std::fs::create_dir_all(&dir).unwrap();
        let text = std::fs::read_to_string(here.join("testdata/sample.proto")).unwrap();
        let text = text.replace(r#"{get: "/v1/{parent=shelves/*}/books"}"#, binding);
        std::fs::write(dir.join("sample.proto"), text).unwrap();
        let proto = here.join("../proto");
        let mut compiler =
            protox::Compiler::new([dir.clone(), proto.clone(), proto.join("third_party")]).unwrap();
        compiler.include_imports(true).open_files(["sample.proto"]).unwrap();
        let pool =
            prost_reflect::DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
        Api::new(&pool, &Methods::of(&pool)).unwrap_err().to_string()
    };
    let clash = broken(r#"{get: "/v1/{parent=books/*}"}"#, "clash");
    assert!(clash.contains("GetBook") && clash.contains("ListBooks"), "{clash}");
    let field = broken(r#"{get: "/v1/{shelf=shelves/*}/books"}"#, "field");
    assert!(field.ends_with("`shelf` is no field that can stand there"), "{field}");
    let template = broken(r#"{get: "/v1/{parent=shelves/**}/books"}"#, "template");
    assert!(template.contains("** comes last"), "{template}");
}
