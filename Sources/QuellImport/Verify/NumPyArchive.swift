import CZlib

/// A NumPy archive: a zip file whose members are arrays, stored as they are or deflated.
struct NumPyArchive {
  /// An array, row-major.
  struct Array {
    var shape: [Int]
    var numbers: [Double]
  }

  private struct Member {
    var isDeflated: Bool
    var packed: Int
    var size: Int
    var offset: Int
  }

  private let file: MappedFile
  private var members: [String: Member] = [:]

  /// Opens the archive at a path.
  init(path: String) throws(ImportFailure) {
    file = try MappedFile(path: path)
    // The directory's place stands in the last record, which at most 64 KiB of comment follow.
    let last = file.bytes.count - 22
    guard last >= 0, let end = (max(0, last - 0xffff)...last).last(where: { number(at: $0, 4) == 0x0605_4b50 }) else {
      throw .malformed("\(path) is no NumPy archive.")
    }
    let count = number(at: end + 10, 2) ?? 0
    var place = number(at: end + 16, 4) ?? 0
    for _ in 0..<count {
      guard number(at: place, 4) == 0x0201_4b50, let method = number(at: place + 10, 2), method == 0 || method == 8,
        let packed = number(at: place + 20, 4), let size = number(at: place + 24, 4), let nameLength = number(at: place + 28, 2),
        let extra = number(at: place + 30, 2), let comment = number(at: place + 32, 2), let offset = number(at: place + 42, 4),
        place + 46 + nameLength <= file.bytes.count, packed != 0xffff_ffff, size != 0xffff_ffff, offset != 0xffff_ffff
      else { throw .malformed("\(path) is a damaged NumPy archive, or one of more than 4 GiB.") }
      let name = file.bytes.text((place + 46)..<(place + 46 + nameLength))
      members[name] = Member(isDeflated: method == 8, packed: packed, size: size, offset: offset)
      place += 46 + nameLength + extra + comment
    }
  }

  /// An array by its name, or nil where there is none.
  func array(_ name: String) throws(ImportFailure) -> Array? {
    guard let member = members["\(name).npy"] else { return nil }
    guard let bytes = contents(member), let array = NumPyArchive.parse(bytes) else {
      throw .malformed("The array \"\(name)\" of \(file.path) cannot be read: it is damaged, or not of plain numbers in row-major order.")
    }
    return array
  }

  // MARK: The zip file

  private func number(at place: Int, _ size: Int) -> Int? {
    guard place >= 0, place <= file.bytes.count - size else { return nil }
    return (0..<size).reduce(0) { $0 | Int(file.bytes[place + $1]) << (8 * $1) }
  }

  private func contents(_ member: Member) -> [UInt8]? {
    guard number(at: member.offset, 4) == 0x0403_4b50, let name = number(at: member.offset + 26, 2),
      let extra = number(at: member.offset + 28, 2)
    else { return nil }
    let start = member.offset + 30 + name + extra
    guard start <= file.bytes.count, member.packed <= file.bytes.count - start else { return nil }
    let packed = UnsafeRawBufferPointer(rebasing: file.bytes[start..<(start + member.packed)])
    if !member.isDeflated { return member.packed == member.size ? [UInt8](packed) : nil }
    // Deflate makes at most 1032 bytes of one.
    guard member.size <= (member.packed + 1) * 1032 else { return nil }
    return inflated(packed, size: member.size)
  }

  private func inflated(_ packed: UnsafeRawBufferPointer, size: Int) -> [UInt8]? {
    var stream = z_stream()
    // Negative window bits: no header of zlib's own around the data.
    guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    var result = [UInt8](repeating: 0, count: size)
    let status = result.withUnsafeMutableBufferPointer { out in
      stream.next_in = UnsafeMutablePointer(mutating: packed.bindMemory(to: UInt8.self).baseAddress)
      stream.avail_in = UInt32(packed.count)
      stream.next_out = out.baseAddress
      stream.avail_out = UInt32(size)
      return inflate(&stream, Z_FINISH)
    }
    return status == Z_STREAM_END && stream.avail_out == 0 ? result : nil
  }

  // MARK: An array

  /// Reads the header, a Python dictionary such as `{'descr': '<f4', 'fortran_order': False, 'shape': (12, 512), }`.
  private static func parse(_ bytes: [UInt8]) -> Array? {
    guard bytes.count >= 12, bytes.starts(with: [0x93] + Swift.Array("NUMPY".utf8)) else { return nil }
    let wide = bytes[6] > 1
    let length = Int(bytes[8]) | Int(bytes[9]) << 8 | (wide ? Int(bytes[10]) << 16 | Int(bytes[11]) << 24 : 0)
    let start = (wide ? 12 : 10) + length
    guard start <= bytes.count else { return nil }
    let header = String(decoding: bytes[(wide ? 12 : 10)..<start], as: UTF8.self)
    let parts = header.split(separator: "'")
    guard header.contains("'fortran_order': False"), let key = parts.firstIndex(of: "descr"), key + 2 < parts.count,
      let open = header.lastIndex(of: "("), let close = header.lastIndex(of: ")"), open < close
    else { return nil }
    var shape: [Int] = []
    for part in header[header.index(after: open)..<close].split(separator: ",") {
      let digits = part.filter { $0 != " " }
      if digits.isEmpty { continue }
      guard let axis = Int(digits), axis >= 0 else { return nil }
      shape.append(axis)
    }
    guard let count = shape.checkedProduct else { return nil }
    return bytes[start...].withUnsafeBytes { data in
      numbers(data, String(parts[key + 2]), count).map { Array(shape: shape, numbers: $0) }
    }
  }

  private static func numbers(_ data: UnsafeRawBufferPointer, _ type: String, _ count: Int) -> [Double]? {
    func load<T>(_: T.Type, _ real: (T) -> Double) -> [Double]? {
      guard data.count % MemoryLayout<T>.size == 0, data.count / MemoryLayout<T>.size == count else { return nil }
      return (0..<count).map { real(data.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self)) }
    }
    switch type {
    case "<f2": return load(UInt16.self) { Double(Float16(bitPattern: $0)) }
    case "<f4": return load(Float.self) { Double($0) }
    case "<f8": return load(Double.self) { $0 }
    case "<i4": return load(Int32.self) { Double($0) }
    case "<i8": return load(Int64.self) { Double($0) }
    case "<u4": return load(UInt32.self) { Double($0) }
    default: return nil
    }
  }
}
