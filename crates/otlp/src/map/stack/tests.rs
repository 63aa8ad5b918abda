//! Stack traces as the runtimes print them.

use super::*;

/// `name: message` of each link with its frames as `label@path:line`.
#[track_caller]
fn check(language: &str, text: &str, expected: &[(&str, &[&str])]) {
    let found: Vec<(String, Vec<String>)> = parse(text, language)
        .into_iter()
        .map(|link| {
            let frames = link.frames.iter().map(|it| format!("{}@{}:{}", it.label, it.path, it.line));
            (format!("{}: {}", link.name, link.message), frames.collect())
        })
        .collect();
    let expected: Vec<(String, Vec<String>)> = expected
        .iter()
        .map(|(head, frames)| ((*head).to_owned(), frames.iter().map(|it| (*it).to_owned()).collect()))
        .collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn java() {
    check(
        "java",
        "java.lang.IllegalStateException: no stock\n\tat shop.Cart.add(Cart.java:42)\n\
         \tat java.base/java.lang.Thread.run(Unknown Source)\n\
         \tat app//shop.Main$$Lambda/0x00.run(Native Method)\n\
         \tSuppressed: java.io.IOException: closing\n\t\tat shop.Cart.close(Cart.java:1)\n\
         Caused by: java.sql.SQLException: gone\nand more\n\tat shop.Db.query(Db.kt:7)\n\t... 2 more\n",
        &[
            (
                "java.lang.IllegalStateException: no stock",
                &[
                    "shop.Cart.add@Cart.java:42",
                    "java.lang.Thread.run@Unknown Source:0",
                    "0x00.run@Native Method:0",
                ],
            ),
            ("java.sql.SQLException: gone\nand more", &["shop.Db.query@Db.kt:7"]),
        ],
    );
    check("java", "E: m\n    at a.B.c(D.java:1)", &[("E: m", &["a.B.c@D.java:1"])]);
}

#[test]
fn python() {
    check(
        "python",
        "Traceback (most recent call last):\n  File \"/a,b/x.py\", line 3, in load\n    return q[k]\n\
         \x20          ~^^^\nKeyError: 'a'\n\n\
         The above exception was the direct cause of the following exception:\n\n\
         Traceback (most recent call last):\n  File \"m.py\", line 9, in main\n    load()\n  File \"m.py\", line 5, in load\n\
         ValueError: bad a\n",
        &[("ValueError: bad a", &["load@m.py:5", "main@m.py:9"]), ("KeyError: 'a'", &["load@/a,b/x.py:3"])],
    );
    check(
        "python",
        "  + Exception Group Traceback (most recent call last):\n  |   File \"g.py\", line 1, in run\n\
         \x20 | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: a\n",
        &[("ExceptionGroup: two (2 sub-exceptions)", &["run@g.py:1"])],
    );
}

#[test]
fn javascript_says_nodejs_and_webjs() {
    for language in ["nodejs", "webjs", "javascript", ""] {
        check(
            language,
            "Error: refused\n    at Socket.connect (node:net:1300:16)\n    at async file:///srv/app.mjs:10:3\n\
             \x20   at C:\\app\\x.js:4:1\n  [cause]: TypeError: bad {\n    at f (/srv/f.js:2:9)\n",
            &[
                (
                    "Error: refused",
                    &["Socket.connect@node:net:1300", "@file:///srv/app.mjs:10", "@C:\\app\\x.js:4"],
                ),
                ("TypeError: bad", &["f@/srv/f.js:2"]),
            ],
        );
    }
}

#[test]
fn dotnet() {
    check(
        "dotnet",
        "System.Exception: outer\n ---> System.IO.IOException: inner\n   at A.Read(String p) in /src/A.cs:line 12\n\
         \x20  --- End of inner exception stack trace ---\n   at B.Run(Int32 x, Int32 y)\n",
        &[
            ("System.Exception: outer", &["B.Run(Int32 x, Int32 y)@:0"]),
            ("System.IO.IOException: inner", &["A.Read(String p)@/src/A.cs:12"]),
        ],
    );
}

#[test]
fn go_rust_ruby_and_php() {
    check(
        "go",
        "goroutine 1 [running]:\nmain.(*Cart).Add(0xc000, 0x1)\n\t/src/cart.go:17 +0x1d\ncreated by main.main in goroutine 7\n\
         \t/src/main.go:3\n\ngoroutine 2 [select]:\nother()\n\t/x.go:1\n",
        &[(": ", &["main.(*Cart).Add@/src/cart.go:17", "main.main@/src/main.go:3"])],
    );
    check(
        "go",
        "goroutine 1 [running]:\ngo.opentelemetry.io/otel/sdk/trace.recordStackTrace(...)\n\t/otel/span.go:527\n\
         go.opentelemetry.io/otel/sdk/trace.(*recordingSpan).RecordError(0x2a)\n\t/otel/span.go:509 +0x4de\n\
         main.cart(0xbf)\n\t/src/main.go:107 +0x194c\n",
        &[(": ", &["main.cart@/src/main.go:107"])],
    );
    check(
        "rust",
        "   0: core::panicking::panic\n   1: shop::cart::add\n             at ./src/cart.rs:17:9\n",
        &[(": ", &["core::panicking::panic@:0", "shop::cart::add@./src/cart.rs:17"])],
    );
    check(
        "ruby",
        "app.rb:3:in `add': no stock (RuntimeError)\n\tfrom app.rb:9:in 'Object#main'\n",
        &[(": ", &["add@app.rb:3", "Object#main@app.rb:9"])],
    );
    check(
        "php",
        "Exception: no\n\tat Shop\\Cart.add(Cart.php:3)\n",
        &[("Exception: no", &["Shop\\Cart.add@Cart.php:3"])],
    );
    check("php", "#0 /srv/a.php(12): Cart->add()\n#1 {main}\n", &[(": ", &["Cart->add()@/srv/a.php:12"])]);
}

#[test]
fn what_nobody_knows_is_shown_a_line_a_frame() {
    check("erlang", "oops\n  in foo/2\n", &[(": ", &["oops@:0", "  in foo/2@:0"])]);
    check("", "", &[(": ", &[])]);
}
