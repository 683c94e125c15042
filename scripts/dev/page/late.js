// Makes any machine slow: answers of dev, messages of its stream, and the keys and clicks
// of a test each come up to a second and a half late. page_test.go loads it before the
// page under ./scripts/test -long. A test that passes with it waits for all that it checks.
(() => {
  const until = (due) => new Promise((then) => setTimeout(then, due - performance.now()));
  const later = () => performance.now() + Math.random() * 1500;

  const fetchNow = fetch;
  window.fetch = async (...request) => {
    const answer = await fetchNow(...request);
    await until(later());
    return answer;
  };

  // Messages keep their order.
  const listen = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (name, take) {
    listen.call(this, name, (message) => {
      const due = later(), before = this.lastTaken;
      this.lastTaken = (async () => {
        await before;
        await until(due);
        take(message);
      })();
    });
  };

  const handNow = hand;
  window.hand = async (...what) => {
    await until(later());
    return handNow(...what);
  };
})();
