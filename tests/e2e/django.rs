//! The publisher for Django in `examples/django`: what it asks for, and what comes of it on a real
//! server.

use std::path::Path;

use bolide_server::Served;
use bolide_tests::{PATIENCE, RelayPage, TestServer};
use tokio::process::Command;
use tokio::time::timeout;

use crate::python::python;

/// Runs Python in the folder of the publisher, and returns what it wrote.
async fn run(change: impl FnOnce(&mut Command) -> &mut Command) -> String {
    let mut command = Command::new(python());
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/django"));
    change(command.env("PYTHONDONTWRITEBYTECODE", "1"));
    let output = timeout(PATIENCE, command.output()).await.expect("it ends").expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[tokio::test]
async fn it_asks_for_what_the_publisher_of_the_site_said() {
    run(|command| command.arg("test_bolide_publisher.py")).await;
}

/// The code of a site with the one import that differs; its request stands for one of Django's.
const SITE: &str = r#"
from types import SimpleNamespace
from bolide_publisher import SELF, RedisMessage, RedisPublisher

redis_publisher = RedisPublisher(facility='foobar', broadcast=True)
message = RedisMessage('Hello World')
print(redis_publisher.publish_message(message))

john = SimpleNamespace(is_authenticated=True, get_username=lambda: 'john')
request = SimpleNamespace(user=john, session=SimpleNamespace(session_key='k1'))
redis_publisher = RedisPublisher(facility='foobar', users=['john', 'mary'])
redis_publisher.publish_message(RedisMessage('汉字'))
redis_publisher = RedisPublisher(facility='foobar', sessions=[SELF], request=request)
print(redis_publisher.publish_message(RedisMessage('to a browser'), expire=0))

redis_publisher = RedisPublisher()
for audience in ('broadcast', 'user', 'session'):
    print(redis_publisher.fetch_message(request, 'foobar', audience))
print(redis_publisher.fetch_message(None, 'other', 'any'))
"#;

/// Row 3.15, with the rows 3.1, 3.4 and 3.10.
#[tokio::test]
async fn what_a_site_publishes_reaches_its_pages_and_is_kept() {
    let server = TestServer::start(|config| config.relay.serve = vec![Served::All]).await;
    let key = server.key("publish").await;
    let path = "/ws/foobar?subscribe-broadcast&subscribe-session";
    let mut ada = RelayPage::open_with(&server, path, &[("cookie", "sessionid=k1")]).await;
    let mut bob = RelayPage::open(&server, path).await;
    let mut eve = RelayPage::open(&server, "/ws/other?subscribe-broadcast").await;
    let url = format!("http://{}", server.address);
    let said = run(|command| {
        command.env("BOLIDE_URL", &url).env("BOLIDE_KEY", &key).args(["-X", "utf8", "-c", SITE])
    })
    .await;
    assert_eq!(said, "2\n1\nHello World\n汉字\nNone\nNone\n");
    ada.hears(&["Hello World", "to a browser"]).await;
    bob.hears(&["Hello World"]).await;
    bob.hears_nothing().await;
    eve.hears_nothing().await;
    let wrong = run(|command| {
        let code = "import bolide_publisher as it\ntry: it.RedisPublisher('f', True).publish_message('a')\n\
                    except it.PublishError as error: print(error)";
        command.env("BOLIDE_URL", &url).env("BOLIDE_KEY", "bk_wrong").args(["-c", code])
    })
    .await;
    assert!(wrong.contains("(unknown_key, HTTP 401)"), "{wrong}");
}
