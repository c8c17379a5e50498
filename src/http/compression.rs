//! Which answers are compressed.

use axum::http::{Extensions, HeaderMap, StatusCode, Version};
use tower_http::CompressionLevel;
use tower_http::compression::predicate::{And, SizeAbove};
use tower_http::compression::{CompressionLayer, Predicate};

/// Marks an answer that may be compressed. Those that hold tokens may not.
#[derive(Clone, Copy)]
pub(super) struct Compressible;

type Marked = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

/// How large an answer is for which it is worth while.
const WORTH: u64 = 1024;

/// Compresses large answers that are marked, at the fastest level: 1.5 ms for 250 kB of cards, which become
/// 45 kB; the usual level takes five times as long and makes them 37 kB.
pub(super) fn layer() -> CompressionLayer<And<SizeAbove, Marked>> {
    let predicate = SizeAbove::new(WORTH).and(is_marked as Marked);
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(predicate)
}

fn is_marked(_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions) -> bool {
    extensions.get::<Compressible>().is_some()
}
