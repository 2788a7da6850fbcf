#include "control/text_table.h"

#include <algorithm>
#include <cassert>

#include "control/human.h"

namespace control {

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (const Column& column : columns_) widths_.push_back(column.title.size());
}

void TextTable::add(std::vector<std::string> cells) {
  assert(cells.size() == columns_.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    cells[i] = cells[i].empty() ? "-" : printable(cells[i]);
    widths_[i] = std::max(widths_[i], cells[i].size());
  }
  rows_.push_back(std::move(cells));
}

std::string TextTable::render() const {
  std::string out;
  const auto append = [&](size_t i, std::string_view cell) {
    const size_t padding = widths_[i] - cell.size();
    if (i > 0) out += "  ";
    if (columns_[i].align == Align::kRight) out.append(padding, ' ');
    out += cell;
    if (columns_[i].align == Align::kLeft && i + 1 < columns_.size()) out.append(padding, ' ');
  };
  for (size_t i = 0; i < columns_.size(); ++i) append(i, columns_[i].title);
  out += '\n';
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) append(i, row[i]);
    out += '\n';
  }
  return out;
}

}  // namespace control
