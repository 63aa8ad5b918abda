//! The people who use the shop, always the same ones, so that a search by user finds more than one trace.

use serde_json::json;

use super::document::Entity;
use super::random::Random;

#[derive(Debug)]
pub(super) struct Shopper {
    pub(super) user: String,
    pub(super) client_ip: String,
    pub(super) user_agent: &'static str,
    tenant: &'static str,
    region: &'static str,
    has_plan: bool,
}

const USERS: u32 = 60;
const TENANTS: [&str; 4] = ["acme", "globex", "initech", "umbrella"];
const REGIONS: [&str; 3] = ["eu-west", "us-east", "ap-south"];
const USER_AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    "ShopApp/7.3 (iPhone; iOS 18.1)",
];

impl Shopper {
    pub(super) fn any(random: &mut Random) -> Shopper {
        // The smaller of two draws: some people come more often than others.
        let number = random.below(USERS).min(random.below(USERS));
        let index = number as usize;
        Shopper {
            user: format!("user-{}", 1000 + number),
            // The documentation range of RFC 5737.
            client_ip: format!("203.0.113.{}", 10 + number * 3),
            user_agent: USER_AGENTS[index % USER_AGENTS.len()],
            tenant: TENANTS[index % TENANTS.len()],
            region: REGIONS[index % REGIONS.len()],
            has_plan: index.is_multiple_of(5),
        }
    }

    /// What the first service notes about the person.
    pub(super) fn annotate(&self, segment: &mut Entity) {
        segment.annotate("tenant", self.tenant);
        segment.annotate("region", self.region);
        segment.annotate("premium", self.has_plan);
        segment.extend(
            "metadata",
            json!({"default": {"session": {"user": self.user, "locale": "en", "experiments": ["new-cart"]}}}),
        );
    }
}
