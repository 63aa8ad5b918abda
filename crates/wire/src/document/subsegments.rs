//! The embedded subsegments of an entity.

use std::fmt;

use model::Entity;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::draft::Draft;
use super::lenient::{Lenient, scalars_are, skip_elements, skip_members};
use super::validate::{Fault, Role};

/// Those that are valid, up to the first that is not.
#[derive(Default)]
pub(super) struct Subsegments {
    pub(super) entities: Vec<Entity>,
    pub(super) fault: Option<Box<Fault>>,
}

impl<'de> Deserialize<'de> for Subsegments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SubsegmentsVisitor)
    }
}

struct SubsegmentsVisitor;

impl<'de> Visitor<'de> for SubsegmentsVisitor {
    type Value = Subsegments;

    // X-Ray takes anything but an array for an empty one.
    scalars_are!(Subsegments::default());

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        skip_members(map)?;
        Ok(Subsegments::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut entities = Vec::new();
        while let Some(Lenient(draft)) = elements.next_element::<Lenient<Draft<'_>>>()? {
            let checked = match draft {
                Some(draft) => draft.check(Role::Embedded).map(|checked| checked.entity),
                None => Err(Fault::no_object()),
            };
            match checked {
                Ok(entity) => entities.push(entity),
                Err(fault) => {
                    let fault = fault.within(&format!("subsegments[{}]", entities.len()));
                    skip_elements(elements)?;
                    return Ok(Subsegments { entities, fault: Some(Box::new(fault)) });
                }
            }
        }
        Ok(Subsegments { entities, fault: None })
    }
}
