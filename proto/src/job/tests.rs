use crypto::sha256;

use super::*;

fn plan() -> Plan {
    let long = "x".repeat(100);
    Plan {
        backend: Backend {
            id: long.clone(),
            version: long.clone(),
            provider: long.clone(),
            qubits: u32::MAX,
            status: long.clone(),
        },
        provenance: Provenance {
            git_commit: long.clone(),
            image: Some(sha256(b"image")),
            config: None,
            circuit: None,
            compiler: long.clone(),
        },
        shots: u64::MAX,
        estimate_micros: MICROS_MAX,
        currency: "USD".to_owned(),
        tags: vec![long; 16],
        retention: JobRetention::Enterprise { days: RETENTION_DAYS_MAX, write_once: true },
        submitted_at: Some(TimeMs::new(1)),
        queued_at: Some(TimeMs::new(253_402_300_799_999)),
    }
}

fn artifact(name: &str) -> JobArtifact {
    JobArtifact {
        name: name.to_owned(),
        sha256: sha256(name.as_bytes()),
        bytes: u64::MAX,
        content_type: "x".repeat(127),
    }
}

fn completion() -> Completion {
    let long = "x".repeat(100);
    Completion {
        shots: 0,
        success_ppm: PPM,
        final_micros: MICROS_MAX,
        provider: Some(ProviderRun { job: long.clone(), compiled: long.clone(), raw_result: long }),
        artifacts: (0..64).map(|n| artifact(&format!("{n:0255}"))).collect(),
        results: 63,
    }
}

#[test]
fn a_plan_keeps_its_bounds() {
    assert_eq!(plan().check(), Ok(()));
    let spoilt: [fn(&mut Plan); 16] = [
        |it| it.backend.id.clear(),
        |it| it.backend.id.push('x'),
        |it| it.backend.version.push('x'),
        |it| it.backend.provider.push('x'),
        |it| it.backend.status = "on\nline".to_owned(),
        |it| it.provenance.git_commit.push('x'),
        |it| it.provenance.compiler.push('x'),
        |it| it.estimate_micros += 1,
        |it| it.currency = "usd".to_owned(),
        |it| it.currency = "USDT".to_owned(),
        |it| it.tags.push("one more".to_owned()),
        |it| it.tags[15].clear(),
        |it| it.retention = JobRetention::Enterprise { days: 0, write_once: false },
        |it| it.retention = JobRetention::Enterprise { days: 36_526, write_once: false },
        |it| it.submitted_at = Some(TimeMs::ZERO),
        |it| it.queued_at = Some(TimeMs::new(253_402_300_800_000)),
    ];
    for (at, spoil) in spoilt.into_iter().enumerate() {
        let mut plan = plan();
        spoil(&mut plan);
        assert!(plan.check().is_err(), "{at}");
    }
}

#[test]
fn a_completion_keeps_its_bounds() {
    assert_eq!(completion().check(), Ok(()));
    let spoilt: [fn(&mut Completion); 15] = [
        |it| it.success_ppm += 1,
        |it| it.final_micros += 1,
        |it| it.provider.as_mut().expect("one").job.clear(),
        |it| it.provider.as_mut().expect("one").compiled.clear(),
        |it| it.provider.as_mut().expect("one").raw_result.push('x'),
        |it| it.artifacts.clear(),
        |it| it.artifacts.push(artifact("one more")),
        |it| it.results = 64,
        |it| it.artifacts[0].name.clear(),
        |it| it.artifacts[0].name = "..".to_owned(),
        |it| it.artifacts[0].name = "a/b".to_owned(),
        |it| it.artifacts[0].name.push('x'),
        |it| it.artifacts[1].name = it.artifacts[0].name.clone(),
        |it| it.artifacts[0].content_type.clear(),
        |it| it.artifacts[0].content_type.push('x'),
    ];
    for (at, spoil) in spoilt.into_iter().enumerate() {
        let mut completion = completion();
        spoil(&mut completion);
        assert!(completion.check().is_err(), "{at}");
    }
    assert_eq!(completion().result(), completion().artifacts.last());
}

#[test]
fn names_are_bounded_and_plain() {
    assert!(JobId::parse("job_xyz789").is_ok() && RecordId::parse(&"b".repeat(64)).is_ok());
    for text in ["", "a b", "a.b", "a/b", "..", "é", &"c".repeat(65)] {
        assert!(JobId::parse(text).is_err(), "{text:?}");
        assert!(RecordId::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn classes_are_kept_as_long_as_they_say() {
    let enterprise = JobRetention::Enterprise { days: 10, write_once: true };
    for (class, days, write_once) in [
        (JobRetention::Class(RetentionClass::Standard), 365, false),
        (JobRetention::Class(RetentionClass::Compliance), 2_557, true),
        (enterprise, 10, true),
    ] {
        assert_eq!((class.days(), class.is_write_once()), (days, write_once), "{}", class.name());
        assert_eq!(class.until(TimeMs::new(5)).get(), 5 + u64::from(days) * 86_400_000);
    }
}
