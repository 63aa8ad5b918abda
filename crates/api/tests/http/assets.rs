//! The web application's page and files. Whether it is built decides which page it is.

use axum::body::Body;
use axum::http::Request;

use crate::support::{Answer, Server};

async fn page(server: &Server, path: &str) -> Answer {
    server.send(Request::get(path).header("accept", "text/html,*/*").body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_path_that_a_person_opens_is_the_application() {
    let server = Server::start();
    for path in ["/", "/traces/1-6553f128-000000000000000000000001", "/map"] {
        let answer = page(&server, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/html"));
        assert_eq!(answer.headers["cache-control"], "no-cache");
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_found() {
    let server = Server::start();
    assert_eq!(page(&server, "/assets/index-0000.js").await.status, 404);
    assert_eq!(server.get("/favicon-of-nobody.ico").await.status, 404);
    assert_eq!(page(&server, "/api/nothing").await.status, 404);
}
