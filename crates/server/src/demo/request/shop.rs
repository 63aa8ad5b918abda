//! The shop: browsing, the cart, and the checkout with its flaky card gate.

use serde_json::json;

use crate::demo::document::Entity;
use crate::demo::exception::{CARD_GATE_ERROR, HTTP_SERVER_ERROR, THROUGHPUT_EXCEEDED};
use crate::demo::scene::{Caller, Scene};
use crate::demo::service::{CART, CHECKOUT, PAYMENT, SEARCH, STOREFRONT};

const QUEUE_URL: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders";
const TOPIC_ARN: &str = "arn:aws:sns:eu-west-1:123456789012:order-placed";
const CHARGES_URL: &str = "https://api.cardgate.example/v1/charges";
const PRODUCTS: [&str; 6] = ["lamp", "kettle", "notebook", "backpack", "headphones", "teapot"];

/// How the third party that charges cards answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CardGate {
    Accepts,
    Declines,
    /// 503
    Down,
    /// 429
    Busy,
}

pub(super) fn browse(scene: &mut Scene, exists: bool) {
    let product = *scene.random.pick(&PRODUCTS);
    let url = format!("https://shop.example.com/products/{product}");
    scene.serve(&STOREFRONT, Caller::Shopper, "GET", &url, |scene, segment| {
        scene.work(3.0);
        let url = format!("http://search.internal/products/{product}");
        let status = scene.call(segment, "GET", &url, |scene, caller| {
            scene.serve(&SEARCH, caller, "GET", &url, |scene, segment| {
                segment.annotate("product", product);
                find_product(scene, segment, product, exists)
            })
        });
        scene.local(segment, "## render", |scene, _| scene.work(5.0));
        status
    });
}

/// From the cache, and from the table where the cache does not have it.
fn find_product(scene: &mut Scene, segment: &mut Entity, product: &str, exists: bool) -> u16 {
    let is_hit = exists && scene.random.chance(0.8);
    scene.cache(segment, &format!("GET product:{product}"), is_hit);
    if !is_hit {
        let aws = json!({"operation": "GetItem", "table_name": "products"});
        scene.aws(segment, "dynamodb", 7.0, aws, None);
    }
    scene.local(segment, "## rank", |scene, rank| {
        rank.extend("metadata", json!({"search": {"model": "bm25", "candidates": 120}}));
        scene.work(9.0);
    });
    if exists { 200 } else { 404 }
}

pub(super) fn add_to_cart(scene: &mut Scene, is_throttled: bool) {
    let product = *scene.random.pick(&PRODUCTS);
    scene.serve(&STOREFRONT, Caller::Shopper, "POST", "https://shop.example.com/cart", |scene, segment| {
        segment.annotate("product", product);
        scene.work(2.0);
        let url = "http://cart.internal/items";
        let status = scene.call(segment, "POST", url, |scene, caller| {
            scene.serve(&CART, caller, "POST", url, |scene, segment| {
                scene.cache(segment, "GET cart", true);
                let failure = is_throttled.then(|| {
                    let message = "The level of configured provisioned throughput for the table was exceeded";
                    THROUGHPUT_EXCEEDED.record(message, &mut scene.random)
                });
                let aws = json!({"operation": "UpdateItem", "table_name": "carts"});
                scene.aws(segment, "DynamoDB", 9.0, aws, failure);
                if is_throttled { 429 } else { 201 }
            })
        });
        scene.work(1.0);
        status
    });
}

pub(super) fn checkout(scene: &mut Scene, card_gate: CardGate) {
    scene.serve(
        &STOREFRONT,
        Caller::Shopper,
        "POST",
        "https://shop.example.com/checkout",
        |scene, segment| {
            scene.work(3.0);
            let url = "http://checkout.internal:8080/orders";
            let status = scene.call(segment, "POST", url, |scene, caller| {
                scene.serve(&CHECKOUT, caller, "POST", url, |scene, segment| {
                    place_order(scene, segment, card_gate)
                })
            });
            scene.work(2.0);
            status
        },
    );
}

fn place_order(scene: &mut Scene, segment: &mut Entity, card_gate: CardGate) -> u16 {
    // An order takes long enough for its segment to be announced.
    scene.announce(segment);
    let amount = 5 + scene.random.below(400);
    segment.annotate("amount", amount);
    let url = "http://cart.internal/items";
    scene.call(segment, "GET", url, |scene, caller| {
        scene.serve(&CART, caller, "GET", url, |scene, segment| {
            let aws = json!({"operation": "GetItem", "table_name": "carts", "consistent_read": true});
            scene.aws(segment, "DynamoDB", 6.0, aws, None);
            200
        })
    });
    scene.local(segment, "## price", |scene, price| {
        price.extend("metadata", json!({"pricing": {"amount": amount, "currency": "EUR", "discounts": []}}));
        scene.work(4.0);
    });
    let status = charge(scene, segment, card_gate);
    if status != 200 {
        return status;
    }
    scene.local(segment, "## store order", |scene, store| {
        scene.sql(store, "BEGIN", 0.6);
        scene.sql(store, "INSERT INTO orders (id, user_id, total) VALUES ($1, $2, $3)", 5.0);
        scene.sql(store, "INSERT INTO order_items (order_id, sku, count) VALUES ($1, $2, $3)", 4.0);
        scene.sql(store, "COMMIT", 8.0);
    });
    scene.stream(segment);
    scene.aws(segment, "Sqs", 12.0, json!({"operation": "SendMessage", "queue_url": QUEUE_URL}), None);
    scene.aws(segment, "Sns", 15.0, json!({"operation": "Publish", "topic_arn": TOPIC_ARN}), None);
    201
}

/// Asks payment to charge the card; gives the status with which the order would fail, or 200.
fn charge(scene: &mut Scene, segment: &mut Entity, card_gate: CardGate) -> u16 {
    let url = "http://payment.internal/charge";
    let status = scene.call(segment, "POST", url, |scene, caller| {
        scene.serve(&PAYMENT, caller, "POST", url, |scene, segment| {
            let status = scene.call(segment, "POST", CHARGES_URL, |scene, _| match card_gate {
                CardGate::Accepts => answer_after(scene, 140.0, 200),
                CardGate::Declines => answer_after(scene, 160.0, 402),
                CardGate::Down => answer_after(scene, 1900.0, 503),
                CardGate::Busy => answer_after(scene, 20.0, 429),
            });
            if status == 503 {
                let message = "cardgate: 503 Service Unavailable";
                segment.set("cause", CARD_GATE_ERROR.record(message, &mut scene.random).cause);
                return 502;
            }
            status
        })
    });
    if status == 502 {
        let message = "502 Bad Gateway: \"cardgate: 503 Service Unavailable\"";
        segment.set("cause", HTTP_SERVER_ERROR.record(message, &mut scene.random).cause);
    }
    status
}

fn answer_after(scene: &mut Scene, median_ms: f64, status: u16) -> u16 {
    scene.work(median_ms);
    status
}
