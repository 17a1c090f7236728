//! The admin listener: metrics, health, and a page that lists them. It is separate from the game's
//! listener because its content is for the operator alone, and because it must answer when the
//! game's listener is full. It changes nothing.

use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::metrics::{CONTENT_TYPE, Metrics, OLD_CONTENT_TYPE, to_prometheus_text};
use crate::http::admission::Peer;
use crate::http::connections::HttpConnections;
use crate::http::listener::{Accepted, Listener};
use crate::http::{livez, readyz};
use crate::measure::shard_metrics::{Histogram, ShardMetrics};
use crate::server::Server;

/// Maximum number of connections at once. One more closes another; a scraper needs one.
const CONNECTIONS_MAX: usize = 64;

/// Maximum number of metrics pages that are built at once. Further requests wait.
const SCRAPES_MAX: usize = 2;

/// Serves the admin listener forever, also while the server stops: `/readyz` then reports why it is
/// not ready.
pub async fn serve_admin(listener: TcpListener, server: Arc<Server>) -> Infallible {
    let app = admin_app(Arc::clone(&server));
    let connections = HttpConnections::new(CONNECTIONS_MAX);
    let mut listener = Listener::new(listener, &server.context.counters);
    loop {
        let Accepted { stream, address, .. } = listener.next(&[&connections]).await;
        listener.serve(stream, app.clone(), Peer::uncounted(address), &connections);
    }
}

/// Returns the HTTP routes of the admin listener.
pub fn admin_app(server: Arc<Server>) -> Router {
    let scraping = Arc::new(Scraping {
        metrics: Metrics::of(Arc::clone(&server)),
        places: Semaphore::new(SCRAPES_MAX),
    });
    Router::new()
        .route("/", get(index))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .with_state(server)
        .route("/metrics", get(metrics).with_state(scraping))
}

struct Scraping {
    metrics: Metrics,
    places: Semaphore,
}

async fn metrics(State(scraping): State<Arc<Scraping>>, headers: HeaderMap) -> Response {
    // The semaphore is never closed.
    let _place = scraping.places.acquire().await;
    let all = Arc::clone(&scraping);
    // The metrics of the process are read from files, so this may block.
    match spawn_blocking(move || all.metrics.text()).await {
        Ok(Ok(text)) if accepts_old_text_alone(&headers) => {
            let text = to_prometheus_text(&text);
            ([(header::CONTENT_TYPE, OLD_CONTENT_TYPE)], text).into_response()
        }
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be put together\n")
            .into_response(),
    }
}

/// Returns whether a scraper knows the text format of Prometheus but not OpenMetrics.
fn accepts_old_text_alone(headers: &HeaderMap) -> bool {
    let accepts = |kind: &str| {
        let mut values = headers.get_all(header::ACCEPT).iter();
        values.any(|value| value.to_str().is_ok_and(|value| value.contains(kind)))
    };
    accepts("text/plain") && !accepts("application/openmetrics-text")
}

async fn index(State(server): State<Arc<Server>>) -> String {
    let state = server.not_ready().map_or("ready".to_owned(), |why| format!("not ready: {why}"));
    let mut page = format!(
        "Bolide {version}, {state}\n\n\
         /metrics   for Prometheus\n\
         /livez     200 while the process works\n\
         /readyz    200 while it takes players; else 503 and why\n\n\
         {open} of {most} game sockets are open.\n\n\
         shard   rooms  sessions  players         ticks  p50 ms  p99 ms  max ms  late turns\n",
        version = env!("CARGO_PKG_VERSION"),
        open = server.connections(),
        most = server.connections_max(),
    );
    for (number, shard) in server.shard_metrics.iter().enumerate() {
        page += &row(number, shard);
    }
    page += "\nTicks since the start, by their buckets: a p99 of 1 means 1 ms at most. The max is that of the last minute.\n";
    page
}

fn row(number: usize, shard: &ShardMetrics) -> String {
    let ms = |quantile| quantile_ms(&shard.ticks, quantile);
    let mut row = String::new();
    writeln!(
        row,
        "{number:5} {rooms:7} {sessions:9} {players:8} {ticks:13} {p50:>7} {p99:>7} {max:7.2} {late:11}",
        rooms = shard.rooms.get(),
        sessions = shard.sessions.get(),
        players = shard.players.get(),
        ticks = shard.ticks.count(),
        p50 = ms(0.5),
        p99 = ms(0.99),
        max = shard.tick_max_ns.get() as f64 / 1e6,
        late = shard.late_turns.get(),
    )
    .expect("a text takes everything");
    row
}

/// Returns the upper bound of the bucket that contains the quantile.
fn quantile_ms(durations: &Histogram, quantile: f64) -> String {
    let (buckets, count) = (durations.buckets(), durations.count());
    let mut below = 0;
    for (bound_s, here) in buckets {
        below += here;
        if count > 0 && below as f64 >= quantile * count as f64 {
            let ms = bound_s * 1e3;
            return if ms.is_finite() { ms.to_string() } else { "more".to_owned() };
        }
    }
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use axum::http::{HeaderMap, header};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use bolide_storage::Durability;

    use super::{accepts_old_text_alone, quantile_ms, row, serve_admin};
    use crate::config::Config;
    use crate::measure::shard_metrics::{Histogram, ShardMetrics};
    use crate::server::Server;

    /// Returns the whole answer to a scraper that sends this header line.
    async fn scraped(server: &Arc<Server>, line: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let serving = tokio::spawn(serve_admin(listener, Arc::clone(server)));
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let head = format!("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{line}\r\n");
        stream.write_all(head.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        serving.abort();
        answer
    }

    #[tokio::test]
    async fn the_admin_listener_answers_a_scraper_in_the_format_that_it_asks_for() {
        let config = Config { durability: Durability::Off, ..Config::default() };
        let server = Server::start(&config).expect("it starts");
        let (open, old) =
            ("application/openmetrics-text; version=1.0.0", "text/plain; version=0.0.4");
        for (line, kind) in [
            ("", open),
            ("Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.2\r\n", open),
            ("Accept: text/plain;version=0.0.4;q=0.5, */*;q=0.1\r\n", old),
        ] {
            let answer = scraped(&server, line).await;
            let (head, page) = answer.split_once("\r\n\r\n").expect("a head");
            assert!(head.contains(&format!("\r\ncontent-type: {kind}")), "{line}{head}");
            // The old format knows neither the type nor the end marker.
            assert_eq!(page.contains("# TYPE bolide_build info\n"), kind == open, "{line}{page}");
            assert_eq!(page.ends_with("# EOF\n"), kind == open, "{line}");
            assert!(page.contains("bolide_build_info{"), "{line}{page}");
        }
    }

    #[test]
    fn a_scraper_gets_the_format_that_it_knows() {
        for (accept, expect) in [
            ("text/plain", true),
            ("text/plain;version=0.0.4;q=0.5, */*;q=0.1", true),
            ("application/openmetrics-text;version=1.0.0,text/plain;q=0.2", false),
            ("text/html, */*", false),
            ("*/*", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().expect("a value"));
            assert_eq!(accepts_old_text_alone(&headers), expect, "{accept}");
        }
        assert!(!accepts_old_text_alone(&HeaderMap::new()));
    }

    #[test]
    fn a_quantile_is_told_by_the_bound_of_its_bucket() {
        let durations = Histogram::default();
        assert_eq!(quantile_ms(&durations, 0.5), "-");
        for took_us in [20, 20, 20, 400] {
            durations.record(Duration::from_micros(took_us));
        }
        assert_eq!(quantile_ms(&durations, 0.5), "0.025");
        assert_eq!(quantile_ms(&durations, 0.99), "0.5");
        durations.record(Duration::from_secs(9));
        assert_eq!(quantile_ms(&durations, 0.99), "more");
    }

    #[test]
    fn a_shard_is_one_line_below_the_heads_of_its_columns() {
        let shard = ShardMetrics::default();
        shard.rooms.set(1000);
        shard.ticks.record(Duration::from_micros(20));
        let row = row(3, &shard);
        let columns: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(columns, ["3", "1000", "0", "0", "1", "0.025", "0.025", "0.00", "0"]);
    }
}
