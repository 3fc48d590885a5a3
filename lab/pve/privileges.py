# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Privileges and the roles that every installation has."""

GROUPS = {
    "VM": "Allocate Audit Backup Clone Config.CDROM Config.CPU Config.Cloudinit Config.Disk Config.HWType "
          "Config.Memory Config.Network Config.Options Console GuestAgent.Audit GuestAgent.FileRead "
          "GuestAgent.FileSystemMgmt GuestAgent.FileWrite GuestAgent.Unrestricted Migrate PowerMgmt Replicate "
          "Snapshot Snapshot.Rollback",
    "Datastore": "Allocate AllocateSpace AllocateTemplate Audit",
    "Sys": "AccessNetwork Audit Console Incoming Modify PowerMgmt Syslog",
    "SDN": "Allocate Audit Use",
    "Mapping": "Audit Modify Use",
    "Pool": "Allocate Audit",
    "Realm": "Allocate AllocateUser",
    "User": "Modify",
    "Group": "Allocate",
    "Permissions": "Modify",
}
ALL = frozenset("%s.%s" % (group, word) for group, words in GROUPS.items() for word in words.split())


def _of(*groups, less=()):
    return frozenset(name for name in ALL if name.split(".")[0] in groups) - frozenset(less)


ROLES = {
    "Administrator": ALL,
    "NoAccess": frozenset(),
    "PVEAdmin": ALL - {"Permissions.Modify", "Sys.Modify", "Sys.PowerMgmt", "Sys.Incoming", "Sys.AccessNetwork",
                       "Realm.Allocate"},
    "PVEAuditor": frozenset(name for name in ALL if name.endswith(".Audit")) - {"VM.GuestAgent.Audit"},
    "PVEDatastoreAdmin": _of("Datastore"),
    "PVEDatastoreUser": frozenset({"Datastore.AllocateSpace", "Datastore.Audit"}),
    "PVEMappingAdmin": _of("Mapping"),
    "PVEMappingAuditor": frozenset({"Mapping.Audit"}),
    "PVEMappingUser": frozenset({"Mapping.Audit", "Mapping.Use"}),
    "PVEPoolAdmin": _of("Pool"),
    "PVEPoolUser": frozenset({"Pool.Audit"}),
    "PVESDNAdmin": _of("SDN"),
    "PVESDNUser": frozenset({"SDN.Audit", "SDN.Use"}),
    "PVESysAdmin": frozenset({"Sys.Audit", "Sys.Console", "Sys.Syslog"}),
    "PVETemplateUser": frozenset({"VM.Audit", "VM.Clone"}),
    "PVEUserAdmin": frozenset({"Group.Allocate", "Realm.AllocateUser", "User.Modify"}),
    "PVEVMAdmin": _of("VM", less=("VM.Replicate",)),
    "PVEVMUser": frozenset({"VM.Audit", "VM.Backup", "VM.Config.CDROM", "VM.Config.Cloudinit", "VM.Console",
                            "VM.GuestAgent.Audit", "VM.PowerMgmt"}),
}

# What a login shows under `cap`: path asked -> privileges that matter there (auth-006, auth-024).
CAPABILITIES = {
    "access": ("/access", ("User.Modify", "Group.Allocate", "Permissions.Modify")),
    "dc": ("/", ("Sys.Audit", "Sys.Modify", "SDN.Allocate", "SDN.Audit", "SDN.Use")),
    "mapping": ("/mapping", tuple(_of("Mapping")) + ("Permissions.Modify",)),
    "nodes": ("/nodes", tuple(_of("Sys")) + ("Permissions.Modify",)),
    "sdn": ("/sdn", tuple(_of("SDN")) + ("Permissions.Modify",)),
    "storage": ("/storage", tuple(_of("Datastore")) + ("Permissions.Modify",)),
    "vms": ("/vms", tuple(_of("VM")) + ("Permissions.Modify",)),
}
