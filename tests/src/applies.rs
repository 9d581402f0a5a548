//! Which laws do not apply to which engine: the one table that says so.

/// A backend, families of laws (or single laws) that cannot hold for it, and why.
struct Exemption {
    backend: &'static str,
    laws: &'static [&'static str],
    why: &'static str,
}

static EXEMPTIONS: &[Exemption] = &[
    Exemption {
        backend: "mem",
        laws: &["durable", "crash", "kv::reopened", "kv::crash"],
        why: "memory goes with its last handle, by design",
    },
    Exemption {
        backend: "mem",
        laws: &["processes", "kv::processes", "kv::process_watch", "kv::lease"],
        why: "memory belongs to one process, by design",
    },
    Exemption {
        backend: "custom-backend",
        laws: &["processes", "kv::processes", "kv::process_watch", "kv::lease"],
        why: "the log belongs to one process, by design",
    },
];

/// Why a law does not apply to a backend, if it does not.
pub(crate) fn exempt(backend: &str, family: &str, law: &str) -> Option<&'static str> {
    let named = |name: &&str| match name.split_once("::") {
        Some((in_family, alone)) => in_family == family && alone == law,
        None => *name == family,
    };
    let found = EXEMPTIONS
        .iter()
        .find(|exemption| exemption.backend == backend && exemption.laws.iter().any(named));
    found.map(|exemption| exemption.why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_table_names_is_exempt() {
        assert!(exempt("mem", "crash", "puts").is_some());
        assert!(exempt("mem", "scan", "bounds").is_none());
        assert!(exempt("sqlite", "crash", "puts").is_none());
    }
}
