//! The fraud stories, one file each: twenty-four ways to take money from a wallet.
//!
//! A story is a small state machine that acts through the stage like anybody else. Its parameters
//! stand at its top; what its crew has learnt bends them.

use super::crew::Playbook;

mod bin_enumeration;
mod bust_out;
mod card_testing;
mod cash_out;
mod collusion;
mod device_farm;
mod envelope_ring;
mod friendly;
mod load_and_drain;
mod mule_ring;
mod phishing;
mod promo_farm;
mod qr_swap;
mod refund_abuse;
mod relay;
mod scam;
mod shared_credential;
mod sim_swap;
mod sms_pumping;
mod stolen_online;
mod stolen_phone;
mod stuffing;
mod synthetic_identity;
mod topup_laundering;

/// Every story, in the order of their codes.
pub(super) static PLAYBOOKS: [Playbook; 24] = [
    card_testing::PLAYBOOK,
    bin_enumeration::PLAYBOOK,
    cash_out::PLAYBOOK,
    stolen_online::PLAYBOOK,
    phishing::PLAYBOOK,
    relay::PLAYBOOK,
    sim_swap::PLAYBOOK,
    stuffing::PLAYBOOK,
    load_and_drain::PLAYBOOK,
    topup_laundering::PLAYBOOK,
    mule_ring::PLAYBOOK,
    envelope_ring::PLAYBOOK,
    promo_farm::PLAYBOOK,
    device_farm::PLAYBOOK,
    synthetic_identity::PLAYBOOK,
    bust_out::PLAYBOOK,
    collusion::PLAYBOOK,
    friendly::PLAYBOOK,
    refund_abuse::PLAYBOOK,
    shared_credential::PLAYBOOK,
    scam::PLAYBOOK,
    qr_swap::PLAYBOOK,
    stolen_phone::PLAYBOOK,
    sms_pumping::PLAYBOOK,
];
