//! A client of the public API over HTTP: what the command line and the demo speak, the same as any app.

use bytes::Bytes;
use futures::Stream;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use std::fmt;

/// What went wrong with a call.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The platform cannot be reached.
    #[error("cannot reach {0}: {1}")]
    Unreachable(String, String),
    /// The platform answered with an error.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The answer is not what the API promises.
    #[error("an answer that is no JSON: {0}")]
    Garbled(String),
}

/// An error of the platform: google.rpc.Status as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Reason, UPPER_SNAKE.
    pub reason: String,
    /// Sentence for the reader.
    pub message: String,
    /// (field, reason, sentence) of every violation.
    pub violations: Vec<(String, String, String)>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {})", self.message, self.status, self.reason)?;
        self.violations
            .iter()
            .try_for_each(|(field, reason, text)| write!(f, "\n  {field}: {text} ({reason})"))
    }
}

impl ApiError {
    /// The refusal's HTTP status; 0 if it was none.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused(refusal) => refusal.status,
            _ => 0,
        }
    }
}

/// One account's view of the API. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    base: String,
    token: Option<String>,
    http: Client<HttpConnector, Full<Bytes>>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Api({})", self.base)
    }
}

type Call<T> = Result<T, ApiError>;

impl Api {
    /// The API at `base`, such as `http://127.0.0.1:8080`, without a session.
    pub fn new(base: &str) -> Self {
        let http = Client::builder(TokioExecutor::new()).build_http();
        Self { base: base.trim_end_matches('/').to_owned(), token: None, http }
    }

    /// Logs in.
    ///
    /// # Errors
    /// Wrong name or password, or the platform cannot be reached.
    pub async fn log_in(&self, login_name: &str, password: &str) -> Call<Self> {
        let asked = json!({"loginName": login_name, "password": password, "client": "xinqiao"});
        let answer = self.post("/v1/sessions", asked).await?;
        Ok(self.with_token(text(&answer, "sessionToken")))
    }

    /// The same API with another session.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The address that calls go to.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The session token.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// GET.
    ///
    /// # Errors
    /// The platform refuses or cannot be reached.
    pub async fn get(&self, path: &str) -> Call<Value> {
        self.json(Method::GET, path, None).await
    }

    /// POST with a JSON body.
    ///
    /// # Errors
    /// The platform refuses or cannot be reached.
    pub async fn post(&self, path: &str, body: Value) -> Call<Value> {
        self.json(Method::POST, path, Some(body)).await
    }

    /// PATCH with a JSON body.
    ///
    /// # Errors
    /// The platform refuses or cannot be reached.
    pub async fn patch(&self, path: &str, body: Value) -> Call<Value> {
        self.json(Method::PATCH, path, Some(body)).await
    }

    /// POST of a file as it is; the other fields go into the query.
    ///
    /// # Errors
    /// The platform refuses or cannot be reached.
    pub async fn upload(&self, path: &str, content: Vec<u8>) -> Call<Value> {
        let request =
            self.request(Method::POST, path).header(header::CONTENT_TYPE, "application/octet-stream");
        parse(self.send(request, Bytes::from(content)).await?).await
    }

    /// GET of a file as it is.
    ///
    /// # Errors
    /// The platform refuses or cannot be reached.
    pub async fn download(&self, path: &str) -> Call<Bytes> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let request = self.request(Method::GET, &format!("{path}{separator}alt=media"));
        let response = self.send(request, Bytes::new()).await?;
        if !response.status().is_success() {
            return parse(response).await.map(|_| Bytes::new());
        }
        collect(response.into_body()).await
    }

    /// GET of a list, page after page: all entries of `field`.
    ///
    /// # Errors
    /// The platform refuses or cannot be reached.
    pub async fn list(&self, path: &str, field: &str) -> Call<Vec<Value>> {
        let mut all = Vec::new();
        let mut token = String::new();
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let more = if token.is_empty() { String::new() } else { format!("{separator}pageToken={token}") };
            let mut page = self.get(&format!("{path}{more}")).await?;
            if let Some(Value::Array(entries)) = page.get_mut(field).map(Value::take) {
                all.extend(entries);
            }
            token = text(&page, "nextPageToken").to_owned();
            if token.is_empty() {
                return Ok(all);
            }
        }
    }

    /// An open event stream: the JSON of each event as it comes.
    ///
    /// # Errors
    /// The platform refuses or cannot be reached.
    pub async fn watch(&self, path: &str) -> Call<impl Stream<Item = Value> + Send + 'static> {
        let request = self.request(Method::GET, path).header(header::ACCEPT, "text/event-stream");
        let response = self.send(request, Bytes::new()).await?;
        if !response.status().is_success() {
            parse(response).await?;
            return Err(ApiError::Garbled("a stream was expected".to_owned()));
        }
        Ok(events(response.into_body()))
    }

    async fn json(&self, method: Method, path: &str, body: Option<Value>) -> Call<Value> {
        let request = self.request(method, path);
        let (request, bytes) = match body {
            Some(body) => {
                (request.header(header::CONTENT_TYPE, "application/json"), Bytes::from(body.to_string()))
            }
            None => (request, Bytes::new()),
        };
        parse(self.send(request, bytes).await?).await
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    async fn send(&self, request: http::request::Builder, body: Bytes) -> Call<Response<Incoming>> {
        let unreachable = |cause: String| ApiError::Unreachable(self.base.clone(), cause);
        let request = request.body(Full::new(body)).map_err(|e| unreachable(e.to_string()))?;
        self.http.request(request).await.map_err(|e| {
            let cause = std::error::Error::source(&e).map_or_else(|| e.to_string(), ToString::to_string);
            unreachable(cause)
        })
    }
}

async fn collect(body: Incoming) -> Call<Bytes> {
    Ok(body.collect().await.map_err(|e| ApiError::Garbled(e.to_string()))?.to_bytes())
}

async fn parse(response: Response<Incoming>) -> Call<Value> {
    let status = response.status();
    let bytes = collect(response.into_body()).await?;
    let value: Value = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&bytes).map_err(|e| ApiError::Garbled(format!("{status}: {e}")))?
    };
    if status.is_success() { Ok(value) } else { Err(ApiError::Refused(Box::new(refusal(status, &value)))) }
}

fn refusal(status: StatusCode, value: &Value) -> Refusal {
    let error = value.get("error").unwrap_or(value);
    let details = error.get("details").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let reason = details.iter().find_map(|detail| detail.get("reason").and_then(Value::as_str));
    let violations = details.iter().filter_map(|detail| detail.get("fieldViolations")?.as_array()).flatten();
    Refusal {
        status: status.as_u16(),
        reason: reason.unwrap_or_default().to_owned(),
        message: text(error, "message").to_owned(),
        violations: violations
            .map(|v| {
                (text(v, "field").to_owned(), text(v, "reason").to_owned(), text(v, "description").to_owned())
            })
            .collect(),
    }
}

/// The JSON of each `data:` of a server-sent event stream.
fn events(body: Incoming) -> impl Stream<Item = Value> + Send + 'static {
    futures::stream::unfold((body, Vec::<u8>::new()), |(mut body, mut buffer)| async move {
        loop {
            if let Some(end) = buffer.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = buffer.drain(..end + 2).collect();
                let event = String::from_utf8_lossy(&event).into_owned();
                let data: String = event.lines().filter_map(|line| line.strip_prefix("data:")).collect();
                if let Ok(value) = serde_json::from_str(data.trim()) {
                    return Some((value, (body, buffer)));
                }
                continue;
            }
            let frame = body.frame().await?.ok()?;
            if let Ok(data) = frame.into_data() {
                buffer.extend_from_slice(&data);
            }
        }
    })
}

/// A text field of a JSON object; empty if it is not there.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A whole number of a JSON object, also when written as a text; 0 if it is not there.
pub fn number(value: &Value, field: &str) -> i64 {
    match value.get(field) {
        Some(Value::Number(number)) => number.as_i64().unwrap_or_default(),
        Some(Value::String(text)) => text.parse().unwrap_or_default(),
        _ => 0,
    }
}
