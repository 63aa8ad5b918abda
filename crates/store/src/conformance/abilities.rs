//! What an engine says that it can do is what it does.

use super::sample::{document, trace_id};
use super::{Bench, Place};
use crate::{Lease, Retention, Share};

pub async fn what_an_engine_cannot_do_it_does_not_show(place: &dyn Place) {
    let bench = Bench::open(place).await;
    bench.append(vec![document(1, 1, 0)]).await;
    let can = bench.store.capabilities();
    let holdings = bench.store.holdings().await.expect("the store is open");
    assert!(place.persists() || !can.is_durable, "what is durable is there again");
    assert!(can.encrypts || holdings.encryption.is_none(), "{holdings:?}");
    let keeps = (holdings.keeps, holdings.keeps_failures);
    assert!(can.retention != Retention::Never || keeps == (None, None), "{holdings:?}");
    if !can.is_shared {
        assert_eq!(*bench.store.shares().borrow(), [Lease::default()]);
        assert_eq!(bench.store.share_of(trace_id(1)), Share::ONLY);
    }
}

pub async fn a_second_process_is_let_in_or_refused(place: &dyn Place) {
    if !place.persists() {
        return;
    }
    let bench = Bench::open(place).await;
    let second = place.open().await;
    if !bench.store.capabilities().is_shared {
        assert!(second.is_err(), "nothing keeps two processes apart");
        return;
    }
    let second = second.expect("the store is shared");
    bench.append(vec![document(1, 1, 0)]).await;
    second.append(vec![document(1, 2, 1)]).await.expect("the documents are taken");
    for store in [&bench.store, &second] {
        assert_eq!(store.documents(trace_id(1)).await.expect("they can be read").len(), 2);
    }
    let held = |store: &dyn crate::TraceStore| store.shares().borrow().clone();
    let (one, other) = (held(&*bench.store), held(&*second));
    assert!(one.iter().all(|lease| other.iter().all(|held| held.share != lease.share)), "{one:?} {other:?}");
}
