// Placeholder by the lead until the author of this file writes it: overwrite it.
use super::super::crew::{Brief, Playbook};
use super::super::stage::{Actor, Stage};
use super::super::story::Typology;
fn begin(_: &mut Stage<'_>, _: Brief) -> Option<Box<dyn Actor>> {
    None
}
pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::CardTesting, events: 1.0, begin };
