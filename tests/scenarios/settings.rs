//! The settings, in the environment and in a `.env` file.

use std::path::Path;

use kanban::config::Variable;
use tempfile::TempDir;

use super::cli::output;
use crate::support::{checks, kanban};

checks![
    a_wrong_setting_stops_the_start_with_one_line,
    a_missing_secret_is_told_first,
    no_secret_is_told,
    a_variable_that_is_not_utf_8_is_named,
    an_empty_variable_counts_as_unset,
    the_schema_needs_no_settings,
    help_lists_every_variable,
    the_readme_and_the_example_list_every_variable,
    security_md_names_settings_and_tests_that_exist,
    a_dot_env_file_is_read,
    the_environment_takes_precedence_over_a_dot_env_file,
    nothing_in_a_dot_env_file_is_lost_silently,
    a_dot_env_file_may_quote_any_character,
    a_dot_env_file_may_have_names_of_other_programs,
];

async fn a_wrong_setting_stops_the_start_with_one_line() {
    let folder = TempDir::new().unwrap();
    for (name, value) in [
        ("DATABASE_URL", "mysql://localhost"),
        ("DATABASE_URL", "sqlite:///no/such/folder/kanban.db"),
        ("LISTEN_ADDR", "nowhere"),
        ("LISTEN_ADDR", "192.0.2.1:1"),
        ("METRICS_ADDR", "192.0.2.1:1"),
        ("JWT_SECRET", "short"),
        ("TRASH_RETENTION_DAYS", "soon"),
        ("ARGON2_PARALLELISM", "0"),
        ("ARGON2_MEMORY_KIB", "none"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "warning"),
    ] {
        let (output, _, err) =
            output(kanban(folder.path()).env("LOG_LEVEL", "off").env(name, value));
        assert_eq!(output.status.code(), Some(1), "{name}={value}: {err}");
        assert!(err.starts_with(&format!("kanban: {name}: ")), "{name}={value}: {err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}

/// A missing secret is reported before the program connects to the database, which does not exist here.
async fn a_missing_secret_is_told_first() {
    let folder = TempDir::new().unwrap();
    let nowhere = "postgres://nobody@127.0.0.1:1/nothing";
    let (output, _, err) = output(kanban(folder.path()).env("DATABASE_URL", nowhere));
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains("kanban: JWT_SECRET: is required"), "{err}");
}

async fn security_md_names_settings_and_tests_that_exist() {
    let security = include_str!("../../SECURITY.md");
    let owasp = include_str!("../../docs/owasp.md");
    let names: Vec<&str> = super::on_each_database()
        .iter()
        .map(|scenario| scenario.name)
        .chain(super::once().iter().map(|check| check.name))
        .chain(super::once_with_postgres().iter().map(|check| check.name))
        .collect();
    let (mut tests, mut settings) = (0, 0);
    let quotes = |text: &'static str| text.split('`').skip(1).step_by(2);
    for quoted in quotes(security).chain(quotes(owasp)) {
        if quoted.contains("::") && quoted != "file::scenario" {
            let name = format!("::{quoted}");
            assert!(names.iter().any(|test| test.ends_with(&name)), "there is no test {quoted}");
            tests += 1;
        }
    }
    for quoted in quotes(security) {
        let is_setting = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        if quoted.len() > 1 && quoted.contains('_') && quoted.chars().all(is_setting) {
            let known = kanban::config::variables().iter().any(|variable| variable.name == quoted);
            assert!(known, "there is no setting {quoted}");
            settings += 1;
        }
    }
    assert!(tests > 30 && settings > 20, "{tests} tests, {settings} settings");
}

/// Wrong secrets are neither in the error nor in the help.
async fn no_secret_is_told() {
    let folder = TempDir::new().unwrap();
    for (name, value) in [
        ("JWT_SECRET", "hush"),
        ("JWT_SECRET", "hush,hush"),
        ("DATABASE_URL", "hush"),
        ("DATABASE_URL", "postgres://u:hush@h/d?sslmode=maybe"),
        ("DATABASE_URL", "postgres://u:hush@h:port/d"),
    ] {
        for arguments in [["migrate"].as_slice(), &["serve"], &["serve", "--help"], &["--help"]] {
            let (_, out, err) = output(kanban(folder.path()).env(name, value).args(arguments));
            assert!(!out.contains("hush") && !err.contains("hush"), "{name}={value}: {out}{err}");
        }
    }
}

async fn a_variable_that_is_not_utf_8_is_named() {
    #[cfg(unix)]
    for Variable { name, .. } in kanban::config::variables() {
        use std::os::unix::ffi::OsStrExt;
        let folder = TempDir::new().unwrap();
        let value = std::ffi::OsStr::from_bytes(b"hush\xff");
        let (_, _, err) = output(kanban(folder.path()).env(&name, value));
        assert_eq!(err, format!("kanban: {name}: is not valid UTF-8\n"));
    }
}

async fn an_empty_variable_counts_as_unset() {
    let folder = TempDir::new().unwrap();
    let mut command = kanban(folder.path());
    for Variable { name, .. } in kanban::config::variables() {
        command.env(name, " ");
    }
    let (migrated, _, err) = output(command.arg("migrate"));
    assert!(migrated.status.success(), "{err}");
    assert!(folder.path().join("kanban.db").exists());
}

async fn the_schema_needs_no_settings() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(".env"), "nonsense\n").unwrap();
    let (printed, out, err) =
        output(kanban(folder.path()).env("LISTEN_ADDR", "nowhere").arg("schema"));
    assert!(printed.status.success() && out.contains("type Query"), "{err}");
}

async fn help_lists_every_variable() {
    let folder = TempDir::new().unwrap();
    for arguments in [["--help"].as_slice(), &["serve", "--help"]] {
        let (_, help, _) = output(kanban(folder.path()).args(arguments));
        for Variable { name, default, about, group } in kanban::config::variables() {
            let default =
                if default.is_empty() { default } else { format!(" [default: {default}]") };
            let entry = format!("\n  {name}{default}\n      {about}\n");
            assert!(help.contains(&entry), "{arguments:?} has no {entry}");
            assert_eq!(help.matches(&format!("\n{group}:\n")).count(), 1, "{group}");
        }
    }
}

async fn the_readme_and_the_example_list_every_variable() {
    let (mut rows, mut blocks) = (Vec::new(), Vec::new());
    for Variable { name, default, about, .. } in kanban::config::variables() {
        let quoted = if default.is_empty() { String::new() } else { format!("`{default}`") };
        rows.push(format!("| `{name}` | {quoted} | {about} |\n"));
        blocks.push(format!("{about} #{name}={default}"));
    }
    let rows = rows.concat();
    // Read at run time, so that a change of the README needs no new build of the tests.
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
    let readme = readme.unwrap();
    let (_, table) =
        readme.split_once("| variable | default | meaning |\n|---|---|---|\n").unwrap();
    assert!(table.starts_with(&format!("{rows}\n")), "README.md needs these rows:\n{rows}");
    // Each block of the example is a comment in lines, and the setting.
    let example = include_str!("../../.env.example").trim_end().split("\n\n").skip(1);
    let told = example.map(|block| block.replace("\n# ", " ").replace('\n', " "));
    let told: Vec<String> = told.map(|block| block.trim_start_matches("# ").to_owned()).collect();
    assert_eq!(told, blocks, ".env.example");
}

async fn a_dot_env_file_is_read() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(".env"), "DATABASE_URL=sqlite://other.db\n").unwrap();
    let (first, out, err) = output(kanban(folder.path()).arg("migrate"));
    assert!(first.status.success() && out.contains("Ran "), "{out}{err}");
    assert!(folder.path().join("other.db").exists());
    let (second, out, _) = output(kanban(folder.path()).arg("migrate"));
    assert!(second.status.success());
    assert_eq!(out, "The database is up to date.\n");
}

/// Runs `kanban migrate` with this `.env` file. Returns whether it succeeded, and its output.
fn migrate(folder: &Path, file: impl AsRef<[u8]>) -> (bool, String) {
    std::fs::write(folder.join(".env"), file).unwrap();
    let (migrated, out, err) = output(kanban(folder).arg("migrate"));
    (migrated.status.success(), out + &err)
}

async fn the_environment_takes_precedence_over_a_dot_env_file() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(".env"), "DATABASE_URL=sqlite://file.db\n").unwrap();
    let mut command = kanban(folder.path());
    let (migrated, ..) = output(command.env("DATABASE_URL", "sqlite://env.db").arg("migrate"));
    assert!(migrated.status.success());
    assert!(folder.path().join("env.db").exists() && !folder.path().join("file.db").exists());
}

async fn nothing_in_a_dot_env_file_is_lost_silently() {
    let folder = TempDir::new().unwrap();
    for (file, told) in [
        (
            "\nDATABSE_URL=hush\n",
            "line 2: DATABSE_URL is not a setting; did you mean DATABASE_URL?",
        ),
        ("jwt_secret=hush\n", "line 1: jwt_secret is not a setting; did you mean JWT_SECRET?"),
        ("LOG_LEVLE=hush\n", "line 1: LOG_LEVLE is not a setting; did you mean LOG_LEVEL?"),
        ("# 'x\n\nhush\n", "line 3: is not NAME=value"),
        ("A=1\nJWT_SECRET='hush\n# ${x\n", "line 2: is not NAME=value"),
        (
            "MAIL_FROM=Hush <hush@example.com>\n",
            "line 1: is not NAME=value; a value with spaces needs quotes, as in NAME='two words'",
        ),
        ("JWT_SECRET='hush\nLOG_LEVEL='\n", "line 1: JWT_SECRET: continues on the next line"),
        ("JWT_SECRET=hu$sh\n", "line 1: JWT_SECRET: contains $; put the value into single quotes"),
        ("export JWT_SECRET = \"hush${X}\"\n", "line 1: JWT_SECRET: contains $"),
        ("JWT_SECRET=#hush\n", "line 1: JWT_SECRET: begins with #"),
        ("A=\"\n\"\nLOG_LEVEL=off\nLOG_LEVEL=warn\n", "line 4: LOG_LEVEL: is already set"),
    ] {
        let (success, told_now) = migrate(folder.path(), file);
        assert!(!success && told_now.starts_with(&format!("kanban: .env: {told}")), "{told_now}");
        assert!(!told_now.contains("hush") && told_now.lines().count() == 1, "{told_now}");
    }
    let (success, told) = migrate(folder.path(), b"A=1\nJWT_SECRET=\xff\n");
    assert!(!success && told == "kanban: .env: line 2: is not valid UTF-8\n", "{told}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a database was created");
}

async fn a_dot_env_file_may_quote_any_character() {
    let folder = TempDir::new().unwrap();
    for (value, file) in [
        ("'sqlite://pa$word.db'", "pa$word.db"),
        ("sqlite://a\\$b.db # with $ in a comment", "a$b.db"),
        ("\"sqlite://c#d.db\" ", "c#d.db"),
    ] {
        let (success, told) = migrate(folder.path(), format!("\u{feff}DATABASE_URL={value}"));
        assert!(success && told.starts_with("Ran "), "{told}");
        assert!(folder.path().join(file).exists(), "{file}");
    }
}

async fn a_dot_env_file_may_have_names_of_other_programs() {
    let folder = TempDir::new().unwrap();
    let others = "POSTGRES_PASSWORD=hu$sh\nTEST_DATABASE_URL=hush\nRUST_LOG=hush\nKEY=\"\nhush\n\"\nHush==\n";
    let (success, told) = migrate(folder.path(), others);
    let names = "POSTGRES_PASSWORD (line 1), TEST_DATABASE_URL (line 2), RUST_LOG (line 3), KEY (line 4), line 7\n";
    assert!(success && told.contains(&format!("settings: {names}")), "{told}");
    assert!(!told.to_lowercase().contains("hush"), "{told}");
    assert!(folder.path().join("kanban.db").exists());
}
