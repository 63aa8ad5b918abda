//! Origins beyond the faults: throttled and refused calls, and callers that only waited.

use model::Entity;

use super::origin;
use crate::testing::{Build, Documents, entity};

const THROTTLED: &str = "the level of configured throughput was exceeded";

/// A call of a table that was throttled, as the SDK for Java tells it: an error and no fault.
fn throttled(id: u64, from: f64, to: f64) -> Entity {
    entity(id, "DynamoDB", from, to)
        .aws("GetItem")
        .edit_aws(|aws| aws.table_name = Some("carts".to_owned()))
        .status(429)
}

fn table(id: u64, from: f64, to: f64) -> Entity {
    entity(id, "DynamoDB", from, to).aws("GetItem").edit_aws(|aws| aws.table_name = Some("carts".to_owned()))
}

fn failed(exception: &str, message: &str) -> Entity {
    entity(1, "cart", 0.0, 1.0).fault().exception(30, exception, message)
}

fn check(segments: impl IntoIterator<Item = Entity>, expected: &str) {
    let documents =
        segments.into_iter().fold(Documents::default(), |documents, segment| documents.segment(0.0, segment));
    assert_eq!(origin(&documents.digest()), expected);
}

#[test]
fn a_throttled_call_is_the_origin_of_the_failure_after_it() {
    let told = throttled(2, 0.1, 0.2).exception(20, "Throttled", THROTTLED);
    let expected = "carts (Aws) seen by cart in 2: Throttled";
    check([entity(1, "cart", 0.0, 1.0).fault().refers(20).holds(told.clone())], expected);
    check([failed("Throttled", THROTTLED).holds(told.clone())], expected);
    check([failed("CartError", &format!("cannot read: {THROTTLED}")).holds(told)], expected);
    // Nothing refers to it, and the failing work is a subsegment beside it.
    let work = entity(3, "## read", 0.3, 0.4).fault().exception(31, "CartError", "cannot read");
    let silent = "carts (Aws) seen by cart in 3: CartError";
    check([entity(1, "cart", 0.0, 1.0).fault().holds(throttled(2, 0.1, 0.2)).holds(work)], silent);
}

#[test]
fn of_several_the_one_that_ended_last_before_the_failure_counts() {
    let other =
        |id, from, to| throttled(id, from, to).edit_aws(|aws| aws.table_name = Some("stock".to_owned()));
    let segment = failed("CartError", "no").holds(throttled(2, 0.1, 0.2)).holds(other(3, 0.15, 0.3));
    check([segment], "stock (Aws) seen by cart in 1: CartError");
    let work = entity(4, "## read", 0.2, 0.25).fault();
    let segment = entity(1, "cart", 0.0, 1.0)
        .fault()
        .holds(throttled(2, 0.1, 0.25))
        .holds(other(3, 0.15, 0.3))
        .holds(work);
    check([segment], "carts (Aws) seen by cart in 2: nothing said");
}

#[test]
fn what_went_well_at_the_second_try_is_no_origin() {
    let own = "cart (Service) seen by cart in 1: Bug";
    check([failed("Bug", "index").holds(throttled(2, 0.1, 0.2)).holds(table(3, 0.3, 0.4))], own);
    let elsewhere = table(3, 0.3, 0.4).edit_aws(|aws| aws.table_name = Some("stock".to_owned()));
    let expected = "carts (Aws) seen by cart in 1: Bug";
    check([failed("Bug", "index").holds(throttled(2, 0.1, 0.2)).holds(elsewhere)], expected);
}

#[test]
fn a_refused_call_is_an_origin_only_where_the_failure_tells_of_it() {
    let refused = |message: &str| {
        entity(2, "stock.internal", 0.1, 0.2).remote().error().exception(20, "Refused", message)
    };
    let expected = "stock.internal (Remote) seen by cart in 2: Refused";
    check([failed("Refused", "no route").holds(refused("no route"))], expected);
    check([failed("CartError", "stock: no route").holds(refused("no route"))], expected);
    check(
        [failed("CartError", "stock: no rout").holds(refused("no route"))],
        "cart (Service) seen by cart in 1: CartError",
    );
    // Too short to be more than chance.
    check(
        [failed("CartError", "stock: no road").holds(refused("no road"))],
        "cart (Service) seen by cart in 1: CartError",
    );
    let missing = entity(2, "stock.internal", 0.1, 0.2).remote().status(404);
    check([failed("Bug", "no such item").holds(missing)], "cart (Service) seen by cart in 1: Bug");
}

#[test]
fn the_walk_goes_on_through_a_service_that_was_throttled_itself() {
    let call = entity(2, "cart.internal", 0.1, 0.9).remote().status(429);
    let front = entity(1, "front", 0.0, 1.0).fault().exception(30, "Busy", "come again").holds(call);
    let cart = entity(3, "cart", 0.2, 0.8).parent(2).status(429);
    let told = throttled(4, 0.3, 0.4).exception(20, "Throttled", THROTTLED);
    check([front.clone(), cart.clone().holds(told.clone())], "carts (Aws) seen by cart in 4: Throttled");
    // With a root that only passes the 429 on.
    let front =
        front.edit(|entity| (entity.flags, entity.cause) = (model::segment::Flags::from_status(429), None));
    check([front.clone(), cart.clone().holds(told)], "carts (Aws) seen by cart in 4: Throttled");
    // Who limits its own callers did nothing wrong.
    check([front, cart], "none");
}

fn gave_up() -> Entity {
    let call = entity(2, "cart.internal", 0.1, 0.5).remote().fault().exception(20, "ReadTimeout", "400 ms");
    entity(1, "front", 0.0, 0.6).fault().holds(call)
}

#[test]
fn a_callee_that_only_waited_hands_the_blame_on() {
    let cart = |clock: f64| entity(3, "cart", 0.2 + clock, 3.0 + clock).parent(2);
    let query = |clock: f64, to: f64| entity(4, "db", 0.3 + clock, to + clock).remote();
    let expected = "db (Remote) seen by front in 2: ReadTimeout";
    check([gave_up(), cart(0.0).holds(query(0.0, 2.9))], expected);
    check([gave_up(), cart(0.0).open().holds(query(0.0, 2.9).open())], expected);
    // Its clock is a minute ahead.
    check([gave_up(), cart(60.0).holds(query(60.0, 2.9))], expected);
    let own = "cart (Service) seen by front in 2: ReadTimeout";
    // It had its answer before the caller gave up, and worked.
    check([gave_up(), cart(0.0).holds(query(0.0, 0.4))], own);
    check([gave_up(), cart(60.0).holds(query(60.0, 0.4))], own);
    // It asked only after that.
    check([gave_up(), cart(0.0).holds(entity(4, "db", 0.6, 2.9).remote())], own);
}

#[test]
fn the_blame_goes_from_callee_to_callee() {
    let cart = entity(3, "cart", 0.2, 3.0).parent(2).holds(entity(4, "stock.internal", 0.3, 2.9).remote());
    let stock = entity(5, "stock", 0.35, 2.8).parent(4);
    let query = entity(6, "db", 0.4, 2.7).remote();
    check(
        [gave_up(), cart.clone(), stock.clone().holds(query)],
        "db (Remote) seen by front in 2: ReadTimeout",
    );
    check([gave_up(), cart.clone(), stock], "stock (Service) seen by front in 2: ReadTimeout");
    // Stock had answered, and the answer was on its way to the cart.
    let quick = entity(5, "stock", 0.35, 0.4).parent(4);
    check([gave_up(), cart, quick], "cart (Service) seen by front in 2: ReadTimeout");
}
