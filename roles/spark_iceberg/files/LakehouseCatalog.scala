// Copyright: (c) 2026, the gti.lakehouse authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package gti.lakehouse

import java.util.{Locale, Map => JMap, UUID}

import scala.collection.JavaConverters._

import org.apache.iceberg.{TableMetadata, TableOperations}
import org.apache.iceberg.catalog.{Namespace, TableIdentifier}
import org.apache.iceberg.exceptions.ValidationException
import org.apache.iceberg.hive.HiveCatalog
import org.apache.iceberg.types.TypeUtil

/** Iceberg's catalog of the metastore, in which every new table and view has a folder of its own, and which refuses what
  * Trino cannot read and the metastore cannot hold. What a table has already of these does not stop other changes.
  */
class LakehouseCatalog extends HiveCatalog {
  // By its name alone, a table would get the folder of one that was renamed. Iceberg has an option for it after 1.10.
  override protected def defaultWarehouseLocation(table: TableIdentifier): String =
    super.defaultWarehouseLocation(table) + "-" + UUID.randomUUID().toString.replace("-", "")

  override def newTableOps(table: TableIdentifier): TableOperations = new Guarded(table, super.newTableOps(table))

  override def renameTable(from: TableIdentifier, to: TableIdentifier): Unit = {
    Faults.refuse(to.toString, Faults.ofName(to.name))
    super.renameTable(from, to)
  }

  override def createNamespace(namespace: Namespace, properties: JMap[String, String]): Unit = {
    Faults.refuse(namespace.toString, namespace.levels.toSeq.flatMap(Faults.ofName))
    super.createNamespace(namespace, properties)
  }
}

private class Guarded(name: TableIdentifier, table: TableOperations) extends TableOperations {
  override def commit(base: TableMetadata, metadata: TableMetadata): Unit = {
    // One that is registered has a past, and is taken as it is.
    if (base != null || metadata.previousFiles.isEmpty) {
      val known = if (base == null) Nil else Faults.of(base)
      Faults.refuse(name.toString, (if (base == null) Faults.ofName(name.name) else Nil) ++ Faults.of(metadata).diff(known))
    }
    table.commit(base, metadata)
  }

  override def current() = table.current()
  override def refresh() = table.refresh()
  override def io() = table.io()
  override def encryption() = table.encryption()
  override def metadataFileLocation(file: String) = table.metadataFileLocation(file)
  override def locationProvider() = table.locationProvider()
  override def temp(uncommitted: TableMetadata) = table.temp(uncommitted)
  override def newSnapshotId() = table.newSnapshotId()
  override def requireStrictCleanup() = table.requireStrictCleanup()
}

private object Faults {
  // The metastore's table of locks has no room for more.
  val MostCharacters = 128

  def refuse(what: String, faults: Seq[String]): Unit =
    if (faults.nonEmpty) throw new ValidationException("%s", s"$what is refused: ${faults.mkString("; ")}")

  def ofName(name: String): Seq[String] =
    (if (name.length > MostCharacters) Seq(s"a name has $MostCharacters characters at most, this one has ${name.length}") else Nil) ++
      (if (isLatin(name)) Nil else Seq("a name has letters of latin1 alone, which is what the metastore keeps"))

  def of(table: TableMetadata): Seq[String] = {
    val schema = table.schema
    val names = TypeUtil.indexNameById(schema.asStruct).values.asScala.toSeq.sorted
    val alike = names.groupBy(_.toLowerCase(Locale.ROOT)).values.filter(_.size > 1).toSeq.sortBy(_.head)
    val lost = table.specs.asScala.flatMap(_.fields.asScala).filter(field => schema.findField(field.sourceId) == null).map(_.name).distinct
    (if (table.formatVersion > 2) Seq(s"Trino cannot read row-level deletes of format version ${table.formatVersion}; use 2") else Nil) ++
      alike.map(same => s"columns that differ by case alone: ${same.mkString(", ")}") ++
      names.filter(name => name.contains(".") && name.exists("-:".contains(_))).map(name => s"Trino cannot read a nested field with '-' or ':': $name") ++
      names.filterNot(isLatin).map(name => s"a column's name has letters of latin1 alone: $name") ++
      lost.map(name => s"Trino cannot read a table that was once partitioned by a column that is gone ($name); keep the column")
  }

  private def isLatin(text: String): Boolean = text.forall(_ <= 0xff)
}
