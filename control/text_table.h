// Tables for people: every column as wide as its widest cell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace control {

class TextTable {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string_view title;  // must outlive the table
    Align align = Align::kLeft;
  };

  explicit TextTable(std::vector<Column> columns);

  // One cell per column. An empty cell prints as "-", so that every line has as many words as
  // columns and awk can count on it.
  void add(std::vector<std::string> cells);

  // Title line and rows, each ended by a newline, none with trailing blanks.
  std::string render() const;

 private:
  std::vector<Column> columns_;
  std::vector<size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace control
