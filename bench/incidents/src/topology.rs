//! What the incidents happen to: a parcel carrier of twenty services, with what they call and how often.
//!
//! Three balancers stand before several services each, so that one host name is many services; the other services have
//! host names of their own. Data only: how a request goes through it is in `flow`.

/// Whose way of recording failures a service has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sdk {
    Java,
    Node,
    Python,
    Go,
    DotNet,
    Ruby,
}

#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: &'static str,
    pub(super) sdk: Sdk,
    pub(super) origin: Option<&'static str>,
    /// The name under which it is called; that of a balancer stands before several services.
    pub(super) host: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResourceKind {
    /// A database, by its product.
    Sql(&'static str),
    Table,
    Bucket,
    Queue,
    Cache,
    /// A third party, or a product that is spoken to over HTTP.
    Http,
}

#[derive(Debug)]
pub(super) struct Resource {
    /// The name of its node.
    pub(super) name: &'static str,
    pub(super) kind: ResourceKind,
    /// Median of its response times.
    pub(super) millis: f64,
}

#[derive(Debug)]
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) service: &'static str,
    pub(super) method: &'static str,
    /// `{id}` stands for another number each time.
    pub(super) path: &'static str,
    /// Median of the service's own time.
    pub(super) millis: f64,
    pub(super) steps: &'static [Step],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Operation(&'static str),
    Resource(&'static str, &'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnFailure {
    Fail,
    /// Tried so many times in all.
    Retry(u32),
    /// The service answers without it.
    Without,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) target: Target,
    pub(super) chance: f64,
    pub(super) on_failure: OnFailure,
    /// It begins when the step before it begins, not when that has ended.
    pub(super) is_beside: bool,
}

const fn call(operation: &'static str) -> Step {
    Step { target: Target::Operation(operation), chance: 1.0, on_failure: OnFailure::Fail, is_beside: false }
}

const fn ask(resource: &'static str, what: &'static str) -> Step {
    Step {
        target: Target::Resource(resource, what),
        chance: 1.0,
        on_failure: OnFailure::Fail,
        is_beside: false,
    }
}

impl Step {
    const fn sometimes(self, chance: f64) -> Self {
        Self { chance, ..self }
    }

    const fn beside(self) -> Self {
        Self { is_beside: true, ..self }
    }

    const fn twice(self) -> Self {
        Self { on_failure: OnFailure::Retry(2), ..self }
    }

    const fn or_without(self) -> Self {
        Self { on_failure: OnFailure::Without, ..self }
    }
}

const CORE: &str = "core-lb.parcelry.internal";
const FIELD: &str = "field-lb.parcelry.internal";
const BACK: &str = "back-lb.parcelry.internal";
const ECS: Option<&str> = Some("AWS::ECS::Container");
const EC2: Option<&str> = Some("AWS::EC2::Instance");

const fn service(name: &'static str, sdk: Sdk, origin: Option<&'static str>, host: &'static str) -> Service {
    Service { name, sdk, origin, host }
}

pub(super) static SERVICES: [Service; 20] = [
    service("storefront", Sdk::Node, ECS, "www.parcelry.example"),
    service("mobile-gateway", Sdk::Go, EC2, "m.parcelry.example"),
    service("partner-gateway", Sdk::Java, EC2, "partners.parcelry.example"),
    service("quote", Sdk::Python, ECS, "quote.svc.parcelry"),
    service("pricing", Sdk::Go, ECS, CORE),
    service("booking", Sdk::Java, EC2, CORE),
    service("label", Sdk::Java, EC2, CORE),
    service("routing", Sdk::DotNet, EC2, CORE),
    service("tracking", Sdk::Node, ECS, "tracking.svc.parcelry"),
    service("depot", Sdk::Python, ECS, "depot.svc.parcelry"),
    service("fleet", Sdk::Go, EC2, FIELD),
    service("drivers", Sdk::Ruby, ECS, FIELD),
    service("payment", Sdk::DotNet, None, "payment.svc.parcelry"),
    service("invoice", Sdk::Ruby, ECS, BACK),
    service("customs", Sdk::Ruby, None, BACK),
    service("identity", Sdk::Java, EC2, "identity.svc.parcelry"),
    service("search", Sdk::Python, None, "search.svc.parcelry"),
    service("notification", Sdk::Node, ECS, "notification.svc.parcelry"),
    service("archive", Sdk::Java, EC2, "archive.svc.parcelry"),
    service("reports", Sdk::Ruby, ECS, "reports.svc.parcelry"),
];

const fn resource(name: &'static str, kind: ResourceKind, millis: f64) -> Resource {
    Resource { name, kind, millis }
}

const POSTGRES: ResourceKind = ResourceKind::Sql("PostgreSQL");
const MYSQL: ResourceKind = ResourceKind::Sql("MySQL");
pub(super) const BOOKINGS_QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/000000000000/bookings";
pub(super) const INVOICES_QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/000000000000/invoices";

pub(super) static RESOURCES: [Resource; 19] = [
    resource("bookings@pg-1.parcelry", POSTGRES, 6.0),
    resource("depots@pg-2.parcelry", POSTGRES, 5.0),
    resource("people@pg-3.parcelry", POSTGRES, 4.0),
    resource("invoices@my-1.parcelry", MYSQL, 8.0),
    resource("parcel-events", ResourceKind::Table, 7.0),
    resource("price-cards", ResourceKind::Table, 5.0),
    resource("driver-shifts", ResourceKind::Table, 6.0),
    resource("sessions.cache.parcelry", ResourceKind::Cache, 0.7),
    resource("quotes.cache.parcelry", ResourceKind::Cache, 0.8),
    resource("positions.cache.parcelry", ResourceKind::Cache, 0.6),
    resource("parcelry-labels", ResourceKind::Bucket, 28.0),
    resource("parcelry-archive", ResourceKind::Bucket, 35.0),
    resource(BOOKINGS_QUEUE, ResourceKind::Queue, 9.0),
    resource(INVOICES_QUEUE, ResourceKind::Queue, 9.0),
    resource("maps.geotiles.example", ResourceKind::Http, 60.0),
    resource("api.cardhub.example", ResourceKind::Http, 140.0),
    resource("gate.customs.example", ResourceKind::Http, 220.0),
    resource("sms.pigeon.example", ResourceKind::Http, 90.0),
    resource("search-cluster.parcelry", ResourceKind::Http, 22.0),
];

const fn operation(
    name: &'static str,
    service: &'static str,
    (method, path): (&'static str, &'static str),
    millis: f64,
    steps: &'static [Step],
) -> Operation {
    Operation { name, service, method, path, millis, steps }
}

pub(super) static OPERATIONS: [Operation; 31] = [
    operation("home", "storefront", ("GET", "/"), 6.0, &[call("session").sometimes(0.7)]),
    operation("web-track", "storefront", ("GET", "/parcels/{id}"), 5.0, &[call("track")]),
    operation(
        "web-quote",
        "storefront",
        ("POST", "/quotes"),
        7.0,
        &[call("price"), call("session").sometimes(0.4).beside()],
    ),
    operation("web-book", "storefront", ("POST", "/bookings"), 9.0, &[call("session"), call("book")]),
    operation("web-search", "storefront", ("GET", "/search"), 6.0, &[call("find")]),
    operation("web-login", "storefront", ("POST", "/login"), 4.0, &[call("login")]),
    operation("app-track", "mobile-gateway", ("GET", "/v2/parcels/{id}"), 2.0, &[call("track")]),
    operation(
        "app-pickup",
        "mobile-gateway",
        ("POST", "/v2/pickups"),
        3.0,
        &[call("slot"), call("assign").beside()],
    ),
    operation("app-position", "mobile-gateway", ("GET", "/v2/vans/{id}/position"), 2.0, &[call("position")]),
    operation(
        "partner-book",
        "partner-gateway",
        ("POST", "/api/shipments"),
        5.0,
        &[call("token"), call("book")],
    ),
    operation(
        "partner-label",
        "partner-gateway",
        ("GET", "/api/labels/{id}"),
        4.0,
        &[call("token"), call("print")],
    ),
    operation(
        "partner-export",
        "partner-gateway",
        ("POST", "/api/exports"),
        5.0,
        &[call("token"), call("declare")],
    ),
    operation(
        "price",
        "quote",
        ("POST", "/price"),
        11.0,
        &[ask("quotes.cache.parcelry", "GET"), call("rate"), call("distance").sometimes(0.6).beside()],
    ),
    operation("rate", "pricing", ("GET", "/pricing/cards/{id}"), 3.0, &[ask("price-cards", "GetItem")]),
    operation(
        "distance",
        "routing",
        ("GET", "/routes/{id}"),
        14.0,
        &[ask("maps.geotiles.example", "GET /v1/distance").twice()],
    ),
    operation(
        "book",
        "booking",
        ("POST", "/bookings"),
        16.0,
        &[
            ask("bookings@pg-1.parcelry", "SELECT * FROM offers WHERE id = ?"),
            call("charge"),
            ask("bookings@pg-1.parcelry", "INSERT INTO bookings (id, user_id, total) VALUES (?, ?, ?)"),
            call("create-label"),
            call("slot").sometimes(0.5),
            ask(BOOKINGS_QUEUE, "SendMessage"),
            call("draft").or_without(),
        ],
    ),
    operation(
        "charge",
        "payment",
        ("POST", "/charges"),
        8.0,
        &[ask("api.cardhub.example", "POST /v1/charges").twice()],
    ),
    operation(
        "create-label",
        "label",
        ("POST", "/labels"),
        24.0,
        &[ask("parcelry-labels", "PutObject"), ask("parcel-events", "PutItem")],
    ),
    operation("print", "label", ("GET", "/labels/{id}"), 9.0, &[ask("parcelry-labels", "GetObject")]),
    operation(
        "track",
        "tracking",
        ("GET", "/parcels/{id}/events"),
        6.0,
        &[ask("parcel-events", "Query"), call("position").sometimes(0.5).or_without()],
    ),
    operation(
        "slot",
        "depot",
        ("GET", "/slots"),
        7.0,
        &[ask("depots@pg-2.parcelry", "SELECT * FROM slots WHERE depot = %s AND free > 0")],
    ),
    operation(
        "position",
        "fleet",
        ("GET", "/fleet/{id}/position"),
        2.0,
        &[ask("positions.cache.parcelry", "GET")],
    ),
    operation(
        "assign",
        "drivers",
        ("POST", "/shifts"),
        10.0,
        &[ask("driver-shifts", "UpdateItem"), call("position").or_without()],
    ),
    operation(
        "draft",
        "invoice",
        ("POST", "/invoices"),
        12.0,
        &[
            ask("invoices@my-1.parcelry", "INSERT INTO drafts (booking, total) VALUES (?, ?)"),
            ask(INVOICES_QUEUE, "SendMessage"),
        ],
    ),
    operation(
        "session",
        "identity",
        ("GET", "/session"),
        3.0,
        &[
            ask("sessions.cache.parcelry", "GET"),
            ask("people@pg-3.parcelry", "SELECT * FROM sessions WHERE id = ?").sometimes(0.15),
        ],
    ),
    operation("token", "identity", ("POST", "/token"), 3.0, &[ask("sessions.cache.parcelry", "GET").twice()]),
    operation(
        "login",
        "identity",
        ("POST", "/login"),
        45.0,
        &[ask("people@pg-3.parcelry", "SELECT * FROM people WHERE email = ?")],
    ),
    operation(
        "declare",
        "customs",
        ("POST", "/declarations"),
        18.0,
        &[ask("gate.customs.example", "POST /declare").twice()],
    ),
    operation(
        "find",
        "search",
        ("GET", "/find"),
        9.0,
        &[ask("search-cluster.parcelry", "POST /parcels/_search")],
    ),
    operation("probe", "storefront", ("GET", "/wp-admin/{id}.php"), 2.0, &[]),
    operation(
        "nightly",
        "reports",
        ("POST", "/jobs/nightly"),
        900.0,
        &[
            ask("depots@pg-2.parcelry", "SELECT depot, sum(free) FROM slots GROUP BY depot"),
            ask("parcelry-archive", "PutObject"),
        ],
    ),
];

/// What consumes a queue's messages, in traces of their own that link to the sender.
pub(super) static CONSUMERS: [Operation; 2] = [
    operation(
        "booked",
        "notification",
        ("", ""),
        5.0,
        &[ask("sms.pigeon.example", "POST /messages").twice()],
    ),
    operation("keep", "archive", ("", ""), 14.0, &[ask("parcelry-archive", "PutObject")]),
];

/// Operations that clients ask for, and how often.
pub(super) static ENTRIES: [(&str, f64); 12] = [
    ("home", 14.0),
    ("web-track", 20.0),
    ("web-quote", 12.0),
    ("web-book", 8.0),
    ("web-search", 9.0),
    ("web-login", 5.0),
    ("app-track", 12.0),
    ("app-pickup", 5.0),
    ("app-position", 7.0),
    ("partner-book", 4.0),
    ("partner-label", 4.0),
    ("partner-export", 1.6),
];

pub(super) fn service_of(name: &str) -> &'static Service {
    SERVICES.iter().find(|one| one.name == name).expect("the topology names services that it has")
}

pub(super) fn resource_of(name: &str) -> &'static Resource {
    RESOURCES.iter().find(|one| one.name == name).expect("the topology names resources that it has")
}

pub(super) fn operation_of(name: &str) -> &'static Operation {
    OPERATIONS.iter().find(|one| one.name == name).expect("the topology names operations that it has")
}

/// Whether the host name of a service stands before others, too.
pub(super) fn is_balanced(service: &Service) -> bool {
    SERVICES.iter().filter(|other| other.host == service.host).count() > 1
}

/// Services from which calls lead to a node, directly or through others.
pub(super) fn callers_of(node: &str) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    let mut ahead = vec![node];
    while let Some(at) = ahead.pop() {
        let calls = |operation: &&Operation| {
            operation.steps.iter().any(|step| match step.target {
                Target::Operation(called) => operation_of(called).service == at,
                Target::Resource(name, _) => name == at,
            })
        };
        for operation in OPERATIONS.iter().chain(&CONSUMERS).filter(calls) {
            if operation.service != node && !found.contains(&operation.service) {
                found.push(operation.service);
                ahead.push(operation.service);
            }
        }
    }
    found
}
