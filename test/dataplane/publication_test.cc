// Replaced values stay while a worker may use them, and no longer.
#include <catch2/catch.hpp>

#include "dataplane/publication.h"

using dataplane::Publication;

namespace {

struct Value {
  Value(int number, int& alive) : number(number), alive(alive) { ++alive; }
  ~Value() { --alive; }
  int number;
  int& alive;
};

class Newspaper {
 public:
  Newspaper() : publication(2, std::make_unique<Value>(1, alive)) {}
  void publish(int number) { publication.publish(std::make_unique<Value>(number, alive)); }

  int alive = 0;
  Publication<Value> publication;
};

}  // namespace

TEST_CASE("a replaced value is freed when every reader has taken a newer one") {
  Newspaper paper;
  Publication<Value>::Reader a(paper.publication, 0), b(paper.publication, 1);
  const Value& old = b.reader_take();
  a.reader_take();
  paper.publish(2);
  CHECK(paper.publication.current().number == 2);
  CHECK(paper.publication.collect() == 1);
  CHECK(a.reader_take().number == 2);
  CHECK(paper.publication.collect() == 1);
  CHECK(old.number == 1);
  CHECK(b.reader_take().number == 2);
  CHECK(paper.publication.collect() == 0);
  CHECK(paper.alive == 1);
}

TEST_CASE("a reader that is stuck delays freeing and nothing else") {
  Newspaper paper;
  Publication<Value>::Reader quick(paper.publication, 0), stuck(paper.publication, 1);
  const Value& old = stuck.reader_take();
  for (int number = 2; number < 100; ++number) {
    paper.publish(number);
    CHECK(quick.reader_take().number == number);
  }
  CHECK(paper.publication.collect() == 98);
  CHECK(old.number == 1);
  CHECK(stuck.reader_take().number == 99);
  CHECK(paper.publication.collect() == 0);
  CHECK(paper.alive == 1);
}

TEST_CASE("values are freed in order, as far as readers have come") {
  Newspaper paper;
  Publication<Value>::Reader a(paper.publication, 0), b(paper.publication, 1);
  paper.publish(2);
  const Value& second = a.reader_take();
  b.reader_take();
  paper.publish(3);
  b.reader_take();
  CHECK(paper.publication.collect() == 1);
  CHECK(second.number == 2);
  CHECK(paper.alive == 2);
}

TEST_CASE("who has not begun to read, or has ended, holds nothing") {
  Newspaper paper;
  paper.publish(2);
  CHECK(paper.publication.collect() == 0);
  {
    Publication<Value>::Reader reader(paper.publication, 1);
    paper.publish(3);
    CHECK(paper.publication.collect() == 1);
  }
  CHECK(paper.publication.collect() == 0);
  CHECK(paper.alive == 1);
}

TEST_CASE("what still waits is freed with the publication") {
  int alive = 0;
  {
    auto publication = std::make_unique<Publication<Value>>(1, std::make_unique<Value>(1, alive));
    {
      Publication<Value>::Reader reader(*publication, 0);
      publication->publish(std::make_unique<Value>(2, alive));
    }
    CHECK(alive == 2);
  }
  CHECK(alive == 0);
}
