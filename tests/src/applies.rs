//! Which laws do not apply to which engine: the one table that says so.

/// A backend, families of laws (or single laws) that cannot hold for it, and why.
struct Exemption {
    backend: &'static str,
    laws: &'static [&'static str],
    why: &'static str,
}

/// What is about several processes on one store.
const OF_PROCESSES: &[&str] = &["processes", "kv::processes", "kv::process_watch", "kv::lease"];

static EXEMPTIONS: &[Exemption] = &[
    Exemption {
        backend: "mem",
        laws: &["durable", "crash", "kv::reopened", "kv::crash"],
        why: "memory goes with its last handle, by design",
    },
    Exemption {
        backend: "mem",
        laws: OF_PROCESSES,
        why: "memory belongs to one process, by design",
    },
    Exemption {
        backend: "sqlite-exclusive",
        laws: OF_PROCESSES,
        why: "it keeps other processes out, by design; without `exclusive` it keeps these laws",
    },
    Exemption {
        backend: "dbm",
        laws: OF_PROCESSES,
        why: "sled belongs to one process; the shared form keeps these laws",
    },
    Exemption {
        backend: "custom-backend",
        laws: OF_PROCESSES,
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
        assert!(exempt("dbm-shared", "processes", "visible").is_none());
    }
}
