//! A server whose handlers are async, and a client that looks at its count of requests.
//!
//! Category: mixing async code with shared memory.
//!
//! What goes wrong: a handler sends its reply, awaits that, and then counts the request. The
//! client has the reply by then, and asks how many requests were served. What follows an `await`
//! of a send is not before the receive, so the count may or may not have this request in it, and
//! both touch it at once.
//!
//! What mends it: count first, then reply. A reply is the end of what a handler does.

use deadheat::prelude::*;
use deadheat::{JoinHandle, block_on};
use std::sync::Arc;

struct Request {
    path: &'static str,
    reply: chan::Sender<String>,
}

struct Server {
    served: Shared<u32>,
}

impl Server {
    /// Racy: the client goes on as soon as it has the reply.
    async fn reply_then_count(&self, request: Request) {
        self.reply(request).await;
        self.served.update(|served| *served += 1);
    }

    async fn count_then_reply(&self, request: Request) {
        self.served.update(|served| *served += 1);
        self.reply(request).await;
    }

    async fn reply(&self, request: Request) {
        let page = format!("<h1>{}</h1>", request.path);
        let sent = request.reply.send_async(page).await;
        sent.expect("the client waits for its reply");
    }
}

/// Starts a goroutine that awaits requests and has `handle` serve them, until there are no more.
fn serve<H>(requests: chan::Receiver<Request>, handle: H) -> JoinHandle<()>
where
    H: AsyncFn(Request) + Send + 'static,
{
    go(move || {
        block_on(async {
            while let Ok(request) = requests.recv_async().await {
                handle(request).await;
            }
        });
    })
}

/// Asks for two pages; gives how many requests the server had counted after each.
fn browse(server: &Server, requests: &chan::Sender<Request>) -> Vec<u32> {
    let ask = |path| {
        let (reply, page) = chan::unbuffered();
        requests.send(Request { path, reply }).unwrap();
        assert_eq!(page.recv().unwrap(), format!("<h1>{path}</h1>"));
        server.served.get()
    };
    ["/", "/about"].map(ask).to_vec()
}

fn server() -> Arc<Server> {
    Arc::new(Server {
        served: Shared::named("Server.served", 0),
    })
}

fn counts_after_replying() -> Vec<u32> {
    let (server, (tx, rx)) = (server(), chan::unbuffered());
    let theirs = server.clone();
    let serving = serve(rx, async move |request| {
        theirs.reply_then_count(request).await;
    });
    let counts = browse(&server, &tx);
    drop(tx);
    serving.join().unwrap();
    counts
}

fn counts_before_replying() -> Vec<u32> {
    let (server, (tx, rx)) = (server(), chan::unbuffered());
    let theirs = server.clone();
    let serving = serve(rx, async move |request| {
        theirs.count_then_reply(request).await;
    });
    let counts = browse(&server, &tx);
    drop(tx);
    serving.join().unwrap();
    counts
}

#[deadheat::main]
fn main() {
    let mended = std::env::args().nth(1).is_some_and(|arg| arg == "mended");
    let counts = if mended {
        counts_before_replying()
    } else {
        counts_after_replying()
    };
    println!("after each reply the server had counted {counts:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[deadheat::test]
    fn async_server_racy() {
        counts_after_replying();
    }

    #[deadheat::test]
    fn async_server_mended() {
        assert_eq!(counts_before_replying(), [1, 2]);
    }
}
