//! The edge between generated code and use-cases: a use-case runs in a task of its own, so that a client that goes away cannot cut
//! a transaction in half; its error becomes a status; what broke inside is logged once.

use crate::{
    ctx::Ctx,
    status::{ApiError, FrontError, to_status},
};
use futures::{Stream, StreamExt as _, stream::BoxStream};
use std::{future::Future, sync::Arc, time::Duration};
use tonic::{Code, Request, Response, Status};
use tracing::Instrument as _;

/// How often a unit of work that lost against another transaction is run in all.
const ATTEMPTS: u32 = 3;

/// What the call is about: put there by the front of the service.
///
/// # Errors
/// INTERNAL if a service was built without its front.
pub fn ctx<T>(request: &Request<T>) -> Result<Ctx, Status> {
    let found = request.extensions().get::<Ctx>().cloned();
    found.ok_or_else(|| Status::internal("the service has no front"))
}

/// Answers a unary call with what `work` makes of it.
///
/// # Errors
/// The status of the use-case's error.
pub async fn handle<A, Req, Res, E, F, Fut>(
    request: Request<Req>,
    app: Arc<A>,
    work: F,
) -> Result<Response<Res>, Status>
where
    A: Send + Sync + 'static,
    Req: Clone + Send + 'static,
    Res: Send + 'static,
    E: ApiError,
    F: Fn(Arc<A>, Ctx, Req) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Res, E>> + Send + 'static,
{
    let ctx = ctx(&request)?;
    let message = request.into_inner();
    let inner = ctx.clone();
    let whole = async move {
        let mut attempt = 1;
        loop {
            let outcome = work(app.clone(), inner.clone(), message.clone()).await;
            match outcome {
                Err(cause) if cause.retryable() && attempt < ATTEMPTS => {
                    tracing::debug!(attempt, %cause, "running a unit of work again");
                    tokio::time::sleep(Duration::from_millis(5 << attempt)).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    };
    match tokio::spawn(whole.in_current_span()).await {
        Ok(Ok(answer)) => Ok(Response::new(answer)),
        Ok(Err(cause)) => Err(fail(&ctx, &cause)),
        Err(panicked) => {
            tracing::error!(call_id = %ctx.call_id, method = ctx.method.path, cause = %panicked, "a use-case broke off");
            Err(to_status(&FrontError::Internal, &ctx.catalogue, ctx.locale))
        }
    }
}

/// The stream type of generated servers.
pub type ResponseStream<T> = BoxStream<'static, Result<T, Status>>;

/// Answers a call with a stream of messages.
///
/// # Errors
/// The status of the error that keeps the stream from starting; later errors end the stream.
pub async fn handle_stream<A, Req, Res, S, E, F, Fut>(
    request: Request<Req>,
    app: Arc<A>,
    work: F,
) -> Result<Response<ResponseStream<Res>>, Status>
where
    A: Send + Sync + 'static,
    Req: Send + 'static,
    Res: Send + 'static,
    S: Stream<Item = Result<Res, E>> + Send + 'static,
    E: ApiError,
    F: FnOnce(Arc<A>, Ctx, Req) -> Fut + Send + 'static,
    Fut: Future<Output = Result<S, E>> + Send + 'static,
{
    let ctx = ctx(&request)?;
    let message = request.into_inner();
    let stream = work(app, ctx.clone(), message).await.map_err(|cause| fail(&ctx, &cause))?;
    Ok(Response::new(stream.map(move |item| item.map_err(|cause| fail(&ctx, &cause))).boxed()))
}

/// The status of an error. What is the platform's own fault is logged here, once, with the id that the caller sees.
pub fn fail<E: ApiError>(ctx: &Ctx, cause: &E) -> Status {
    let inside = matches!(cause.code(), Code::Internal | Code::Unknown | Code::DataLoss | Code::Unavailable);
    if inside {
        let chain = chain(cause);
        tracing::error!(call_id = %ctx.call_id, method = ctx.method.path, cause = chain, "a call failed");
    }
    to_status(cause, &ctx.catalogue, ctx.locale)
}

fn chain(cause: &dyn std::error::Error) -> String {
    let mut text = cause.to_string();
    let mut next = cause.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = cause.source();
    }
    text
}
