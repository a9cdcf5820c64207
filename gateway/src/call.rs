//! What is known of a call before anybody has answered it.

use crate::{config::GatewayConfig, refusal::Refusal};
use http::{HeaderMap, HeaderName, HeaderValue, header, request};
use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};
use uuid::Uuid;
use xinqiao_kit::{catalogue::Locale, service::parse_timeout, status::Violation};
use xinqiao_proto::api::v1::MethodPolicy;

/// Id of a call: in the answer, in the log, and what every service it reaches calls it.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The client's address, for services that slow down guessing.
const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("x-client-address");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TIMEOUT_MS: HeaderName = HeaderName::from_static("x-timeout-ms");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The address that a connection came from; the server puts it into the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) id: Uuid,
    pub(crate) locale: Locale,
    pub(crate) address: IpAddr,
    /// Errors as RFC 9457 instead of google.rpc.Status.
    pub(crate) problem: bool,
    /// The client sent a condition: a stale etag is 412 then, not 409.
    pub(crate) conditional: bool,
    /// The client came with a cookie: one that no longer counts is taken back.
    pub(crate) by_cookie: bool,
    traceparent: HeaderValue,
}

impl Call {
    pub(crate) fn new(
        parts: &request::Parts,
        config: &GatewayConfig,
        fresh_id: impl FnOnce() -> Uuid,
    ) -> Self {
        let headers = &parts.headers;
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let id = text(&REQUEST_ID).and_then(|id| Uuid::try_parse(id).ok()).unwrap_or_else(fresh_id);
        let peer = parts.extensions.get::<PeerAddress>().map(|peer| peer.0);
        let traceparent = headers.get(TRACEPARENT).filter(|value| is_traceparent(value)).cloned();
        Self {
            id,
            locale: text(&header::ACCEPT_LANGUAGE).map(Locale::from_accept_language).unwrap_or_default(),
            address: forwarded(headers, config.trusted_proxies)
                .or(peer)
                .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            problem: text(&header::ACCEPT).is_some_and(|accept| accept.contains("application/problem+json")),
            conditional: headers.contains_key(header::IF_MATCH),
            by_cookie: false,
            traceparent: traceparent.unwrap_or_else(|| new_traceparent(id)),
        }
    }

    /// Headers that go to a service with each call.
    pub(crate) fn upstream_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(12);
        let mut text = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        text(REQUEST_ID, &self.id.to_string());
        text(header::ACCEPT_LANGUAGE, self.locale.tag());
        text(CLIENT_ADDRESS, &self.address.to_string());
        headers.insert(TRACEPARENT, self.traceparent.clone());
        headers
    }
}

/// The address that the outermost trusted proxy saw.
fn forwarded(headers: &HeaderMap, trusted_proxies: usize) -> Option<IpAddr> {
    let skip = trusted_proxies.checked_sub(1)?;
    let all = headers.get_all("x-forwarded-for");
    let hops: Vec<&str> =
        all.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
    hops.iter().rev().nth(skip).and_then(|hop| hop.trim().parse().ok())
}

/// W3C trace context, version 00.
fn is_traceparent(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &str, len: usize| {
        part.len() == len && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    matches!(parts.as_slice(), ["00", trace, span, flags]
        if hex(trace, 32) && hex(span, 16) && hex(flags, 2) && trace.contains(|c| c != '0') && span.contains(|c| c != '0'))
}

fn new_traceparent(id: Uuid) -> HeaderValue {
    let trace = id.simple().to_string();
    let span = trace.get(16..).unwrap_or_default();
    HeaderValue::try_from(format!("00-{trace}-{span}-00")).unwrap_or(HeaderValue::from_static(""))
}

/// The time that a call may take: what its client asks for (`X-Timeout-Ms`, `grpc-timeout`), within what its method allows.
pub(crate) fn deadline(headers: &HeaderMap, policy: &MethodPolicy) -> Result<Duration, Refusal> {
    let millis = |value: i32| Duration::from_millis(u64::try_from(value).unwrap_or_default());
    let max = millis(policy.max_deadline_ms);
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let asked = if let Some(text) = text(&TIMEOUT_MS) {
        let millis = text.parse().ok().filter(|millis| *millis > 0);
        Some(millis.map(Duration::from_millis).ok_or_else(|| bad_timeout("X-Timeout-Ms", max))?)
    } else if let Some(text) = text(&GRPC_TIMEOUT) {
        let asked = parse_timeout(text).filter(|asked| !asked.is_zero());
        Some(asked.ok_or_else(|| bad_timeout("grpc-timeout", max))?)
    } else {
        None
    };
    Ok(asked.map_or_else(|| millis(policy.default_deadline_ms), |asked| asked.min(max)))
}

fn bad_timeout(field: &str, max: Duration) -> Refusal {
    let violation = Violation::new(field, "OUT_OF_RANGE").param("min", 1).param("max", max.as_millis());
    Refusal::Invalid(vec![violation])
}

/// Adds the remaining time to the headers of an upstream call.
pub(crate) fn put_timeout(headers: &mut HeaderMap, left: Duration) {
    // At most eight digits are allowed: 99,999,999 ms are 27 hours.
    let millis = left.as_millis().clamp(1, 99_999_999);
    if let Ok(value) = HeaderValue::try_from(format!("{millis}m")) {
        headers.insert(GRPC_TIMEOUT, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn call(headers: &[(&'static str, &str)], trusted_proxies: usize) -> Call {
        let mut request = Request::new(());
        for (name, value) in headers {
            request.headers_mut().append(*name, HeaderValue::from_str(value).unwrap());
        }
        request.extensions_mut().insert(PeerAddress("192.0.2.9".parse().unwrap()));
        let config = GatewayConfig { trusted_proxies, ..GatewayConfig::default() };
        Call::new(&request.into_parts().0, &config, || Uuid::from_u128(7))
    }

    #[test]
    fn an_address_is_believed_only_from_as_many_proxies_as_are_trusted() {
        let chain = [("x-forwarded-for", "203.0.113.1, 198.51.100.2"), ("x-forwarded-for", "198.51.100.3")];
        assert_eq!(call(&chain, 0).address.to_string(), "192.0.2.9");
        assert_eq!(call(&chain, 1).address.to_string(), "198.51.100.3");
        assert_eq!(call(&chain, 2).address.to_string(), "198.51.100.2");
        assert_eq!(call(&chain, 9).address.to_string(), "192.0.2.9");
        assert_eq!(call(&[("x-forwarded-for", "junk")], 1).address.to_string(), "192.0.2.9");
    }

    #[test]
    fn ids_and_traces_of_clients_are_kept_if_they_are_well_formed() {
        let id = "0190f3a2-7b1c-7def-8abc-0123456789ab";
        assert_eq!(call(&[("x-request-id", id)], 0).id.to_string(), id);
        assert_eq!(call(&[("x-request-id", "1; drop")], 0).id, Uuid::from_u128(7));
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(call(&[("traceparent", trace)], 0).upstream_headers()["traceparent"], trace);
        let made = call(&[("traceparent", "00-zz-1-01"), ("x-request-id", id)], 0).upstream_headers();
        assert_eq!(made["traceparent"], "00-0190f3a27b1c7def8abc0123456789ab-8abc0123456789ab-00");
        assert!(is_traceparent(&made["traceparent"]));
    }

    #[test]
    fn a_client_may_ask_for_less_time_or_more_within_the_methods_limit() {
        let policy =
            MethodPolicy { default_deadline_ms: 5000, max_deadline_ms: 30_000, ..MethodPolicy::default() };
        let ask = |name: &'static str, value: &'static str| {
            let headers =
                HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]);
            deadline(&headers, &policy).map(|deadline| deadline.as_millis())
        };
        assert_eq!(deadline(&HeaderMap::new(), &policy), Ok(Duration::from_secs(5)));
        assert_eq!(ask("x-timeout-ms", "250"), Ok(250));
        assert_eq!(ask("x-timeout-ms", "999999"), Ok(30_000));
        assert_eq!(ask("grpc-timeout", "2S"), Ok(2000));
        for (name, value) in
            [("x-timeout-ms", "0"), ("x-timeout-ms", "-1"), ("x-timeout-ms", "1s"), ("grpc-timeout", "5")]
        {
            assert!(ask(name, value).is_err(), "{name}: {value}");
        }
    }
}
