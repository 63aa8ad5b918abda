//! The two Spring Boot services of the story: the first cannot do without the second.

use serde_json::json;

use crate::demo::document::Entity;
use crate::demo::exception::{self, NESTED_SERVLET, RESOURCE_ACCESS, Recorded, UNKNOWN_HOST};
use crate::demo::scene::{Caller, Scene};
use crate::demo::service::{SPRING_BOOT, SPRING_BOOT_2, STOREFRONT};

/// What Java says when a Kubernetes service has no address any more.
const NAME_NOT_KNOWN: &str = "springboot2.default: Name or service not known";
/// The story's SDK sends finished subsegments once it holds more than so many.
const STREAMING_THRESHOLD: usize = 30;
const REPORT_STATEMENTS: usize = 42;

pub(super) fn greeting(scene: &mut Scene) {
    scene.serve(
        &SPRING_BOOT,
        Caller::Shopper,
        "GET",
        "http://shop.example.com/greeting",
        |scene, segment| {
            scene.work(2.0);
            for _ in 0..3 {
                if let Err(status) = ask_springboot2(scene, segment, "/hello") {
                    return status;
                }
            }
            scene.work(1.0);
            200
        },
    );
}

pub(super) fn account(scene: &mut Scene) {
    let url = format!("https://shop.example.com/account/{}", scene.shopper.user);
    scene.serve(&STOREFRONT, Caller::Shopper, "GET", &url, |scene, segment| {
        scene.work(3.0);
        let url = format!("http://springboot.default:8080/accounts/{}", scene.shopper.user);
        let status = scene.call(segment, "GET", &url, |scene, caller| {
            scene.serve(&SPRING_BOOT, caller, "GET", &url, |scene, segment| {
                scene.cache(segment, "GET account", true);
                match ask_springboot2(scene, segment, "/profile") {
                    Ok(()) => 200,
                    Err(status) => status,
                }
            })
        });
        scene.work(2.0);
        if status >= 500 { 502 } else { status }
    });
}

pub(super) fn report(scene: &mut Scene) {
    scene.serve(
        &SPRING_BOOT,
        Caller::Shopper,
        "GET",
        "http://shop.example.com/reports/orders",
        |scene, segment| {
            scene.announce(segment);
            scene.work(20.0);
            for number in 1..=REPORT_STATEMENTS {
                scene.sql(segment, "SELECT day, sum(total) FROM orders WHERE day = $1 GROUP BY day", 60.0);
                if number > STREAMING_THRESHOLD {
                    scene.stream(segment);
                }
            }
            scene.local(segment, "## render", |scene, render| {
                render.annotate("rows", REPORT_STATEMENTS);
                scene.work(120.0);
            });
            200
        },
    );
}

/// One call of the second service by the first, and what its failure makes of the first.
fn ask_springboot2(scene: &mut Scene, segment: &mut Entity, path: &str) -> Result<(), u16> {
    let url = format!("http://springboot2.default{path}");
    if scene.springboot2_is_down {
        let unknown_host = UNKNOWN_HOST.record(NAME_NOT_KNOWN, &mut scene.random);
        let root = unknown_host.id.clone();
        scene.call_in_vain(segment, "GET", &url, unknown_host);
        segment.set("cause", request_failed(scene, &url, &root).cause);
        return Err(500);
    }
    let status = scene.call(segment, "GET", &url, |scene, caller| {
        scene.serve(&SPRING_BOOT_2, caller, "GET", &url, |scene, segment| {
            scene.local(segment, "## greet", |scene, greet| {
                greet.extend("metadata", json!({"default": {"greeting": "Hello from SpringBoot2"}}));
                scene.work(6.0);
            });
            scene.work(1.0);
            200
        })
    });
    if status < 400 { Ok(()) } else { Err(status) }
}

/// What the servlet filter of the first service sees: Spring's wrappings around the lookup's failure.
fn request_failed(scene: &mut Scene, url: &str, root: &str) -> Recorded {
    let resource_access = format!(
        "I/O error on GET request for \"{url}\": {NAME_NOT_KNOWN}; nested exception is java.net.UnknownHostException: {NAME_NOT_KNOWN}"
    );
    let nested_servlet = format!(
        "Request processing failed; nested exception is org.springframework.web.client.ResourceAccessException: {resource_access}"
    );
    let links = [(&NESTED_SERVLET, nested_servlet.as_str()), (&RESOURCE_ACCESS, resource_access.as_str())];
    exception::chain(&links, Some(root), &mut scene.random)
}
