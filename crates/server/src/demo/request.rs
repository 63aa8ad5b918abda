//! The kinds of request that are made, and how often.

mod shop;
mod story;

use super::random::Random;
use super::scene::{Scene, Take};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The story: SpringBoot calls SpringBoot2 three times.
    Greeting,
    /// The storefront asks SpringBoot, which asks SpringBoot2.
    Account,
    /// A long report whose subsegments are streamed before it ends.
    Report,
    Browse,
    ProductMissing,
    AddToCart,
    CartThrottled,
    Checkout,
    CardDeclined,
    CardGateDown,
    CardGateBusy,
}

impl Kind {
    /// One of each, in the order in which `--once` makes them. Healthy ones come first.
    pub(super) const ALL: [Kind; 11] = [
        Kind::Greeting,
        Kind::Browse,
        Kind::AddToCart,
        Kind::Checkout,
        Kind::Account,
        Kind::Report,
        Kind::ProductMissing,
        Kind::CartThrottled,
        Kind::CardDeclined,
        Kind::CardGateBusy,
        Kind::CardGateDown,
    ];

    /// The first requests of a demo: they show the whole map at once.
    pub(super) const OPENING: [Kind; 6] =
        [Kind::Greeting, Kind::Browse, Kind::AddToCart, Kind::Checkout, Kind::Account, Kind::Report];

    pub(super) fn any(random: &mut Random) -> Kind {
        let mut draw = random.below(Kind::ALL.iter().map(|kind| kind.weight()).sum());
        for kind in Kind::ALL {
            if draw < kind.weight() {
                return kind;
            }
            draw -= kind.weight();
        }
        Kind::Greeting
    }

    /// Of a thousand or so requests. Of the calls to the card gate, 2 % end with 5xx and 2 % with 429.
    fn weight(self) -> u32 {
        match self {
            Kind::Greeting => 260,
            Kind::Account => 120,
            Kind::Report => 15,
            Kind::Browse => 300,
            Kind::ProductMissing => 20,
            Kind::AddToCart => 140,
            Kind::CartThrottled => 3,
            Kind::Checkout => 132,
            Kind::CardDeclined => 4,
            Kind::CardGateDown => 3,
            Kind::CardGateBusy => 3,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Greeting => "greeting",
            Kind::Account => "account",
            Kind::Report => "report",
            Kind::Browse => "browse",
            Kind::ProductMissing => "product-missing",
            Kind::AddToCart => "add-to-cart",
            Kind::CartThrottled => "cart-throttled",
            Kind::Checkout => "checkout",
            Kind::CardDeclined => "card-declined",
            Kind::CardGateDown => "card-gate-down",
            Kind::CardGateBusy => "card-gate-busy",
        }
    }

    /// Its documents are sent while it goes on, because watching it is the point.
    pub(super) fn is_live(self) -> bool {
        self == Kind::Report
    }

    pub(super) fn play(self, mut scene: Scene) -> Take {
        let scene_now = &mut scene;
        match self {
            Kind::Greeting => story::greeting(scene_now),
            Kind::Account => story::account(scene_now),
            Kind::Report => story::report(scene_now),
            Kind::Browse => shop::browse(scene_now, true),
            Kind::ProductMissing => shop::browse(scene_now, false),
            Kind::AddToCart => shop::add_to_cart(scene_now, false),
            Kind::CartThrottled => shop::add_to_cart(scene_now, true),
            Kind::Checkout => shop::checkout(scene_now, shop::CardGate::Accepts),
            Kind::CardDeclined => shop::checkout(scene_now, shop::CardGate::Declines),
            Kind::CardGateDown => shop::checkout(scene_now, shop::CardGate::Down),
            Kind::CardGateBusy => shop::checkout(scene_now, shop::CardGate::Busy),
        }
        scene.finish()
    }
}
