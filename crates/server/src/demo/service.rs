//! The services that report segments of their own: where they run and which SDK they use.

use serde_json::{Value, json};

use super::random::Random;

#[derive(Debug)]
pub(super) struct Service {
    /// The segment's name, which is the node's.
    pub(super) name: &'static str,
    sdk: Sdk,
    compute: Compute,
    /// Newest first; the second is still on some instances.
    versions: [&'static str; 2],
    /// Pods, containers or instances.
    instances: &'static [&'static str],
}

#[derive(Debug, Clone, Copy)]
enum Sdk {
    Java,
    Node,
    Python,
    Go,
}

#[derive(Debug, Clone, Copy)]
enum Compute {
    Eks,
    Ecs,
    Ec2,
}

pub(super) static SPRING_BOOT: Service = Service {
    name: "SpringBoot",
    sdk: Sdk::Java,
    compute: Compute::Eks,
    versions: ["1.4.0", "1.3.2"],
    instances: &["springboot-6c9f7d5b8-4xk2p", "springboot-6c9f7d5b8-q8v7n", "springboot-6c9f7d5b8-zt5wd"],
};
pub(super) static SPRING_BOOT_2: Service = Service {
    name: "SpringBoot2",
    sdk: Sdk::Java,
    compute: Compute::Eks,
    versions: ["1.4.0", "1.4.0"],
    instances: &["springboot2-7bd5c4f6d-h2m9c", "springboot2-7bd5c4f6d-v6r4j"],
};
pub(super) static STOREFRONT: Service = Service {
    name: "storefront",
    sdk: Sdk::Node,
    compute: Compute::Ecs,
    versions: ["2026.11.3", "2026.11.2"],
    instances: &["ip-10-0-1-17.ec2.internal", "ip-10-0-2-41.ec2.internal"],
};
pub(super) static SEARCH: Service = Service {
    name: "search",
    sdk: Sdk::Python,
    compute: Compute::Ec2,
    versions: ["0.19.1", "0.19.0"],
    instances: &["i-0a1b2c3d4e5f60718", "i-0f9e8d7c6b5a40312"],
};
pub(super) static CART: Service = Service {
    name: "cart",
    sdk: Sdk::Node,
    compute: Compute::Ecs,
    versions: ["5.2.0", "5.1.4"],
    instances: &["ip-10-0-1-88.ec2.internal", "ip-10-0-2-12.ec2.internal"],
};
pub(super) static CHECKOUT: Service = Service {
    name: "checkout",
    sdk: Sdk::Java,
    compute: Compute::Eks,
    versions: ["3.8.0", "3.7.9"],
    instances: &["checkout-5f6d8c9b7-b9x2l", "checkout-5f6d8c9b7-ncw84"],
};
pub(super) static PAYMENT: Service = Service {
    name: "payment",
    sdk: Sdk::Go,
    compute: Compute::Ec2,
    versions: ["1.12.3", "1.12.2"],
    instances: &["i-04d5e6f7a8b9c0d1e", "i-0c3b2a1908f7e6d5c"],
};

const ACCOUNT_ID: &str = "123456789012";

/// One running copy of a service.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) version: &'static str,
    pub(super) origin: &'static str,
    pub(super) service: Value,
    pub(super) aws: Value,
}

impl Service {
    /// The instance that answers a request. `decides` tells that it also decided to sample it.
    pub(super) fn instance(&self, random: &mut Random, decides: bool) -> Instance {
        let number = random.below(self.instances.len() as u32) as usize;
        // The last instance has not been updated yet.
        let version = self.versions[usize::from(number + 1 == self.instances.len())];
        let mut aws = self.compute_block(number);
        aws["account_id"] = json!(ACCOUNT_ID);
        aws["xray"] = self.sdk.aws_xray(decides);
        Instance { version, origin: self.compute.origin(), service: self.sdk.service(version), aws }
    }

    fn compute_block(&self, number: usize) -> Value {
        let instance = self.instances[number];
        let zone = ["eu-west-1a", "eu-west-1b", "eu-west-1c"][number % 3];
        match self.compute {
            Compute::Eks => json!({"eks": {
                "cluster_name": "shop",
                "pod": instance,
                "container_id": container_id(instance),
            }}),
            Compute::Ecs => json!({"ecs": {
                "container": instance,
                "container_id": container_id(instance),
                "container_arn": format!("arn:aws:ecs:eu-west-1:{ACCOUNT_ID}:container/shop/{}", self.name),
            }}),
            Compute::Ec2 => json!({"ec2": {
                "availability_zone": zone,
                "instance_id": instance,
                "instance_size": "m6i.large",
                "ami_id": "ami-0c1bc246476a5572b",
            }}),
        }
    }
}

impl Compute {
    fn origin(self) -> &'static str {
        match self {
            Compute::Eks => "AWS::EKS::Container",
            Compute::Ecs => "AWS::ECS::Container",
            Compute::Ec2 => "AWS::EC2::Instance",
        }
    }
}

impl Sdk {
    fn service(self, version: &str) -> Value {
        match self {
            Sdk::Java => json!({
                "version": version, "runtime": "OpenJDK 64-Bit Server VM", "runtime_version": "17.0.12",
            }),
            Sdk::Node => json!({"version": version, "runtime": "node", "runtime_version": "v20.20.2"}),
            Sdk::Python => json!({"version": version, "runtime": "CPython", "runtime_version": "3.11.7"}),
            Sdk::Go => json!({
                "version": version, "compiler": "gc", "compiler_version": "go1.23.4",
            }),
        }
    }

    /// The key of the rule's name differs between the SDKs.
    fn aws_xray(self, decides: bool) -> Value {
        let (sdk, sdk_version, rule_key) = match self {
            Sdk::Java => ("X-Ray for Java", "2.21.0", "rule_name"),
            Sdk::Node => ("X-Ray for Node.js", "3.12.0", "rule_name"),
            Sdk::Python => ("X-Ray for Python", "2.15.0", "sampling_rule_name"),
            Sdk::Go => ("X-Ray for Go", "2.0.3", "sampling_rule_name"),
        };
        let mut block = json!({"sdk": sdk, "sdk_version": sdk_version});
        if decides {
            block[rule_key] = json!("Default");
        }
        block
    }
}

/// A container id that stays the same as long as the container has its name.
fn container_id(instance: &str) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in instance.bytes() {
        // FNV-1a
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}").repeat(4)
}
