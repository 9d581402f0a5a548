//! Whether connections are encrypted.

use serde::Deserialize;
use sqlx::postgres::PgSslMode;

/// Whether connections are encrypted, and what is checked of the server; the names are those of
/// PostgreSQL's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Tls {
    /// Never encrypted.
    Disable,
    /// Encrypted if the server offers it; nothing is checked, so it protects from nobody who can
    /// change what is sent.
    Prefer,
    /// Encrypted or not at all; who the server is, is not checked.
    Require,
    /// Encrypted, and the server's certificate must come from a trusted authority.
    VerifyCa,
    /// The same, and the certificate must be for this host.
    VerifyFull,
}

impl Tls {
    pub(crate) fn verifies(self) -> bool {
        matches!(self, Self::VerifyCa | Self::VerifyFull)
    }

    pub(crate) fn mode(self) -> PgSslMode {
        match self {
            Self::Disable => PgSslMode::Disable,
            Self::Prefer => PgSslMode::Prefer,
            Self::Require => PgSslMode::Require,
            Self::VerifyCa => PgSslMode::VerifyCa,
            Self::VerifyFull => PgSslMode::VerifyFull,
        }
    }
}
