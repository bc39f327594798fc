//! The commands of a CI's configuration: what its machines would type.

use serde_json::Value;

/// Actions that the pages may use; what they do is not ours to run.
const ACTIONS: [&str; 5] = [
    "actions/checkout@v6",
    "actions/upload-artifact@v6",
    "actions/download-artifact@v7",
    "github/codeql-action/upload-sarif@v4",
    "taiki-e/install-action@v2",
];

/// The commands of the file `path`, in order; none where it is no CI's configuration.
pub(super) fn commands(path: &str, text: &str) -> Vec<String> {
    let parse = || yaml_serde::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    if path.starts_with(".github/workflows/") {
        github(&parse())
    } else if path == ".gitlab-ci.yml" {
        gitlab(&parse())
    } else {
        Vec::new()
    }
}

fn github(workflow: &Value) -> Vec<String> {
    assert!(workflow["on"].is_object() || workflow["on"].is_array());
    let jobs = workflow["jobs"].as_object().unwrap();
    let mut commands = Vec::new();
    for job in jobs.values() {
        assert!(job["runs-on"].is_string());
        for step in job["steps"].as_array().unwrap() {
            if let Some(action) = step["uses"].as_str() {
                assert!(ACTIONS.contains(&action), "{action}");
            } else {
                commands.push(step["run"].as_str().unwrap().to_owned());
            }
        }
    }
    let parts = workflow.pointer("/jobs/test/strategy/matrix/part");
    let parts = parts.and_then(Value::as_array);
    let Some(parts) = parts else { return commands };
    let (each, last): (Vec<_>, Vec<_>) = commands
        .into_iter()
        .partition(|command| command.contains("matrix.part"));
    let each = parts.iter().flat_map(|part| {
        let part = part.to_string();
        each.iter()
            .map(move |command| command.replace("${{ matrix.part }}", &part))
    });
    each.chain(last).collect()
}

fn gitlab(pipeline: &Value) -> Vec<String> {
    let jobs = pipeline.as_object().unwrap().values();
    let mut commands = Vec::new();
    for job in jobs {
        let nodes = job["parallel"].as_u64();
        for node in 1..=nodes.unwrap_or(1) {
            commands.push(format!(
                "export CI_NODE_INDEX={node} CI_NODE_TOTAL={}",
                nodes.unwrap_or(1)
            ));
            for key in ["before_script", "script", "after_script"] {
                let lines = job[key].as_array().into_iter().flatten();
                commands.extend(lines.map(|line| line.as_str().unwrap().to_owned()));
            }
        }
    }
    commands
}
