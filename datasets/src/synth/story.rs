//! The truth behind an event: which fraud, by whom, with what attack, or which look-alike.
//!
//! Nothing here is written into events; it goes into the truth file beside them, which no feature,
//! rule or model reads.

/// Why an event happened, as only the simulator knows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Story {
    /// The fraud it is part of; `None` for honest acts, also those of a crook's cover.
    pub(crate) typology: Option<Typology>,
    /// The honest pattern it is part of that looks like fraud.
    pub(crate) look_alike: Option<LookAlike>,
    /// Who can pass a challenge: `None` for the rightful user, else the attack it must stop.
    pub(crate) vector: Option<Vector>,
    /// The episode, unique in the world; 0 for none.
    pub(crate) episode: u64,
    /// The crook or crew behind it, unique in the world; 0 for none.
    pub(crate) actor: u64,
    /// What is lost in CNY fen if this event goes through.
    pub(crate) stake_fen: i64,
}

impl Story {
    /// An honest customer.
    pub(crate) const HONEST: Story = Story {
        typology: None,
        look_alike: None,
        vector: None,
        episode: 0,
        actor: 0,
        stake_fen: 0,
    };

    /// An honest customer in a pattern that looks like fraud.
    pub(crate) fn like(look_alike: LookAlike) -> Story {
        Story { look_alike: Some(look_alike), ..Story::HONEST }
    }

    /// An act of fraud that costs nothing by itself.
    pub(crate) fn fraud(typology: Typology, vector: Vector, episode: u64, actor: u64) -> Story {
        Story {
            typology: Some(typology),
            look_alike: None,
            vector: Some(vector),
            episode,
            actor,
            stake_fen: 0,
        }
    }

    /// The same act with so much to lose, in CNY fen.
    pub(crate) fn staking(self, stake_fen: i64) -> Story {
        Story { stake_fen, ..self }
    }

    /// An honest act of the same crook, for cover or to warm an account up.
    pub(crate) fn cover(self) -> Story {
        Story { typology: None, vector: None, stake_fen: 0, ..self }
    }

    /// Whether it is fraud.
    pub(crate) fn is_fraud(&self) -> bool {
        self.typology.is_some()
    }
}

/// The attack that an act is, which decides what a second factor can stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Vector {
    /// Stolen card data in the thief's own account.
    V1,
    /// A taken-over account, without relay.
    V2,
    /// A taken-over account, codes relayed in real time.
    V3,
    /// A swapped SIM.
    V4,
    /// Malware, or a stolen unlocked phone.
    V5,
    /// A coached victim.
    V6,
    /// Mules, synthetic identities, launderers with an identity of their own.
    V7,
    /// First-party abuse.
    V8,
    /// Automation.
    V9,
}

impl Vector {
    /// All, in order.
    pub(crate) const ALL: [Vector; 9] = [
        Vector::V1,
        Vector::V2,
        Vector::V3,
        Vector::V4,
        Vector::V5,
        Vector::V6,
        Vector::V7,
        Vector::V8,
        Vector::V9,
    ];

    /// The one of this name.
    pub(crate) fn parse(name: &str) -> Option<Vector> {
        Vector::ALL.into_iter().find(|one| one.name() == name)
    }

    /// `V1` to `V9`.
    pub(crate) fn name(self) -> &'static str {
        ["V1", "V2", "V3", "V4", "V5", "V6", "V7", "V8", "V9"][self as usize]
    }
}

/// A fraud story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Typology {
    /// T01: Card testing from a list.
    CardTesting,
    /// T02: Enumeration of a card range.
    BinEnumeration,
    /// T03: Stolen card in a fresh wallet, cashed out at codes.
    StolenCardCashOut,
    /// T04: Stolen card for goods or tickets online.
    StolenCardOnline,
    /// T05: Account takeover by phishing, no relay.
    TakeoverByPhishing,
    /// T06: Account takeover by real-time relay.
    TakeoverByRelay,
    /// T07: SIM swap.
    SimSwap,
    /// T08: Credential stuffing.
    CredentialStuffing,
    /// T09: Prepaid pass loaded and drained.
    LoadAndDrain,
    /// T10: Third-party top-up laundering.
    TopupLaundering,
    /// T11: Mule ring by transfers.
    MuleRing,
    /// T12: Red-envelope ring.
    EnvelopeRing,
    /// T13: Promotion abuse with many accounts.
    PromoFarm,
    /// T14: Device farm behind other abuse.
    DeviceFarm,
    /// T15: Synthetic or rented identity.
    SyntheticIdentity,
    /// T16: Credit bust-out.
    BustOut,
    /// T17: Colluding merchant.
    MerchantCollusion,
    /// T18: Friendly fraud: own purchases disputed.
    FriendlyFraud,
    /// T19: Refund abuse and refund arbitrage.
    RefundAbuse,
    /// T20: Parallel sessions: impossible travel.
    SharedCredential,
    /// T21: Authorised scam: coached victim.
    AuthorisedScam,
    /// T22: Swapped QR sticker or skimmed payment code.
    QrSwap,
    /// T23: Malware or stolen unlocked phone.
    StolenPhone,
    /// T24: SMS pumping.
    SmsPumping,
}

impl Typology {
    /// The one with this code.
    pub(crate) fn parse(code: &str) -> Option<Typology> {
        Typology::ALL.into_iter().find(|one| one.code() == code)
    }

    /// All, in order of their codes.
    pub(crate) const ALL: [Typology; 24] = [
        Typology::CardTesting,
        Typology::BinEnumeration,
        Typology::StolenCardCashOut,
        Typology::StolenCardOnline,
        Typology::TakeoverByPhishing,
        Typology::TakeoverByRelay,
        Typology::SimSwap,
        Typology::CredentialStuffing,
        Typology::LoadAndDrain,
        Typology::TopupLaundering,
        Typology::MuleRing,
        Typology::EnvelopeRing,
        Typology::PromoFarm,
        Typology::DeviceFarm,
        Typology::SyntheticIdentity,
        Typology::BustOut,
        Typology::MerchantCollusion,
        Typology::FriendlyFraud,
        Typology::RefundAbuse,
        Typology::SharedCredential,
        Typology::AuthorisedScam,
        Typology::QrSwap,
        Typology::StolenPhone,
        Typology::SmsPumping,
    ];

    /// The code: `T01` to `T24`.
    pub(crate) fn code(self) -> &'static str {
        [
            "T01", "T02", "T03", "T04", "T05", "T06", "T07", "T08", "T09", "T10", "T11", "T12",
            "T13", "T14", "T15", "T16", "T17", "T18", "T19", "T20", "T21", "T22", "T23", "T24",
        ][self as usize]
    }

    /// What it is, in words.
    pub(crate) fn title(self) -> &'static str {
        [
            "Card testing from a list",
            "Enumeration of a card range",
            "Stolen card in a fresh wallet, cashed out at codes",
            "Stolen card for goods or tickets online",
            "Account takeover by phishing, no relay",
            "Account takeover by real-time relay",
            "SIM swap",
            "Credential stuffing",
            "Prepaid pass loaded and drained",
            "Third-party top-up laundering",
            "Mule ring by transfers",
            "Red-envelope ring",
            "Promotion abuse with many accounts",
            "Device farm behind other abuse",
            "Synthetic or rented identity",
            "Credit bust-out",
            "Colluding merchant",
            "Friendly fraud: own purchases disputed",
            "Refund abuse and refund arbitrage",
            "Parallel sessions: impossible travel",
            "Authorised scam: coached victim",
            "Swapped QR sticker or skimmed payment code",
            "Malware or stolen unlocked phone",
            "SMS pumping",
        ][self as usize]
    }
}

/// An honest pattern that imitates fraud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum LookAlike {
    /// L01: Tourist just landed.
    JustLanded,
    /// L02: Set up at home before the trip.
    SetUpAtHome,
    /// L03: Local eSIM on arrival.
    LocalEsim,
    /// L04: New phone.
    NewPhone,
    /// L05: Issuer decline, then retries with own cards.
    IssuerDeclineRetry,
    /// L06: Group leader or family on one phone.
    GroupLeader,
    /// L07: Golden Week or festival.
    FestivalPeak,
    /// L08: Issuer outage.
    IssuerOutage,
    /// L09: Payments split to avoid the fee.
    FeeSplitter,
    /// L10: One-off luxury or electronics.
    LuxuryShopper,
    /// L11: Business traveller, weekly country changes.
    BusinessTraveller,
    /// L12: Shared accommodation or campus network.
    SharedNetwork,
    /// L13: Red envelopes at New Year.
    NewYearEnvelopes,
    /// L14: Tickets bought for friends.
    TicketsForFriends,
    /// L15: Old phone, old app.
    OldPhone,
    /// L16: Night worker or jet-lagged tourist.
    NightOwl,
    /// L17: Phone, card and passport of different countries.
    MixedCountries,
    /// L18: App or system update wave.
    UpdateWave,
}

impl LookAlike {
    /// The one with this code.
    pub(crate) fn parse(code: &str) -> Option<LookAlike> {
        LookAlike::ALL.into_iter().find(|one| one.code() == code)
    }

    /// All, in order of their codes.
    pub(crate) const ALL: [LookAlike; 18] = [
        LookAlike::JustLanded,
        LookAlike::SetUpAtHome,
        LookAlike::LocalEsim,
        LookAlike::NewPhone,
        LookAlike::IssuerDeclineRetry,
        LookAlike::GroupLeader,
        LookAlike::FestivalPeak,
        LookAlike::IssuerOutage,
        LookAlike::FeeSplitter,
        LookAlike::LuxuryShopper,
        LookAlike::BusinessTraveller,
        LookAlike::SharedNetwork,
        LookAlike::NewYearEnvelopes,
        LookAlike::TicketsForFriends,
        LookAlike::OldPhone,
        LookAlike::NightOwl,
        LookAlike::MixedCountries,
        LookAlike::UpdateWave,
    ];

    /// The code: `L01` to `L18`.
    pub(crate) fn code(self) -> &'static str {
        [
            "L01", "L02", "L03", "L04", "L05", "L06", "L07", "L08", "L09", "L10", "L11", "L12",
            "L13", "L14", "L15", "L16", "L17", "L18",
        ][self as usize]
    }

    /// What it is, in words.
    pub(crate) fn title(self) -> &'static str {
        [
            "Tourist just landed",
            "Set up at home before the trip",
            "Local eSIM on arrival",
            "New phone",
            "Issuer decline, then retries with own cards",
            "Group leader or family on one phone",
            "Golden Week or festival",
            "Issuer outage",
            "Payments split to avoid the fee",
            "One-off luxury or electronics",
            "Business traveller, weekly country changes",
            "Shared accommodation or campus network",
            "Red envelopes at New Year",
            "Tickets bought for friends",
            "Old phone, old app",
            "Night worker or jet-lagged tourist",
            "Phone, card and passport of different countries",
            "App or system update wave",
        ][self as usize]
    }
}

/// What a code of a fraud story or of an honest pattern stands for; empty for an unknown code.
pub fn title(code: &str) -> &'static str {
    let typology = Typology::parse(code).map(Typology::title);
    typology.or_else(|| LookAlike::parse(code).map(LookAlike::title)).unwrap_or("")
}
